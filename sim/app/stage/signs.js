// Signs above the timeline: weights, looks, the undo, the end. None stands over another.

function headings(s) {
  // signs above the timeline; the most telling first, and none over another
  const signs = [];
  if (s.run.undo !== null) signs.push({t: s.run.undo, kind: "undo", text: s.words.undo});
  for (const l of s.run.looks) signs.push({t: l.t, kind: "look", verdict: l.verdict});
  let before = 0;
  for (const [t, percent] of s.run.weights) {
    if (percent !== before && !(percent < before && s.run.undo !== null && t >= s.run.undo - 1000))
      signs.push({t, kind: "weight", text: s.speech.percent(percent)});
    before = percent;
  }
  for (const [t, outcome] of s.run.outcomes)
    if (outcome !== "rolled_back" && t < s.run.t_end) signs.push({t, kind: "end", text: s.words[outcome]});
  return signs;
}

function roomFor(s, c, sign) {
  const F = s.unit,
    x = timelineX(s, sign.t),
    w = s.size.timeline.w;
  if (sign.kind === "look") return [x - F * 0.8, x + F * 0.8];
  c.font = `700 ${F}px ${s.font}`;
  const width = c.measureText(sign.text).width + F * 1.1;
  return x + width > w ? [x - width, x + 4] : [x - 2, x + width];
}

function layOutSigns(s) {
  const rank = sign => (["undo", "end", "weight"].includes(sign.kind) ? 0 : sign.verdict === "fail" ? 1 : 2),
    taken = [];
  const c = s.ctx.timeline;
  s.signs = headings(s)
    .sort((a, b) => rank(a) - rank(b) || a.t - b.t)
    .map(sign => {
      const room = roomFor(s, c, sign),
        free = taken.every(([a, b]) => room[1] <= a || room[0] >= b);
      if (free) taken.push(room);
      return {...sign, room, free};
    })
    .sort((a, b) => a.t - b.t);
}

function drawSigns(s, c) {
  // only what has been played, so that nothing is given away
  const F = s.unit;
  c.textBaseline = "middle";
  for (const sign of s.signs) {
    if (sign.t > s.far || sign.t > s.viewEnd) break;
    const x = timelineX(s, sign.t),
      flipped = sign.room[0] < x - F && sign.kind !== "look";
    c.textAlign = flipped ? "right" : "left";
    c.fillStyle = s.palette.ink;
    if (!sign.free) {
      c.fillRect(x - 0.75, F * 1.35, 1.5, F * 0.4);
      continue;
    }
    if (sign.kind === "look") badge(s, c, x, F * 0.8, F * 0.62, sign.verdict);
    else if (sign.kind === "weight") {
      c.fillStyle = s.palette.version[1];
      c.beginPath();
      c.moveTo(x, F * 0.2);
      c.lineTo(x + F * 0.75, F * 0.8);
      c.lineTo(x, F * 1.4);
      c.fill();
      c.fillStyle = s.palette.ink;
      c.font = `600 ${F}px ${s.font}`;
      c.fillText(sign.text, flipped ? x - 6 : x + F * 0.95, F * 0.8);
    } else {
      c.fillRect(x - 1, F * 0.1, 2, s.size.timeline.h - F * 1.8);
      c.font = `700 ${F}px ${s.font}`;
      c.fillText(sign.text, flipped ? x - 6 : x + F * 0.4, F * 0.8);
    }
  }
}

function badge(s, c, x, y, r, verdict) {
  const failed = verdict === "fail",
    unsure = verdict === "inconclusive" || verdict === "error";
  c.lineWidth = 1.8;
  c.setLineDash(unsure ? [3, 2] : []);
  c.strokeStyle = s.palette.ink;
  c.fillStyle = failed ? s.palette.ink : s.palette.page;
  c.beginPath();
  failed ? c.rect(x - r, y - r, 2 * r, 2 * r) : circle(c, x, y, r);
  c.fill();
  c.stroke();
  c.setLineDash([]);
  c.strokeStyle = failed ? s.palette.page : s.palette.ink;
  c.lineWidth = 2;
  c.beginPath();
  if (failed) cross(c, x, y, r * 0.5);
  else if (verdict === "pass") tick(c, x, y, r * 0.5);
  c.stroke();
  if (unsure) {
    c.fillStyle = s.palette.ink;
    c.textAlign = "center";
    c.font = `700 ${r * 1.4}px ${s.font}`;
    c.fillText(verdict === "error" ? "–" : "?", x, y + 1);
  }
}
