// The timeline is progress chart and scrub bar in one: exposure stands above the line, harm hangs below it.
const HATCH = 7; // px between strokes

function timelineX(s, t) {
  const left = s.unit * 3.3;
  return left + ((s.size.timeline.w - left - 12) * Math.min(t, s.viewEnd)) / s.viewEnd;
}

function telling(run) {
  // The end of the part in which something happens, with some room; the whole run when that is most of it.
  if (!run.outcomes.length) return run.t_end;
  const last = Math.max(60000, ...run.log.map(e => e[0]), ...run.looks.filter(l => l.verdict !== "pass").map(l => l.t)),
    end = last * 1.3;
  return end < run.t_end * 0.7 ? end : run.t_end;
}

function shownBins(s) {
  // as many simulated bins to a drawn one as give 4 px and about a hundred requests
  const b = s.events.bins,
    width = timelineX(s, s.viewEnd) - timelineX(s, 0),
    requests = (s.run.rate * b.step) / 1000;
  const shown = Math.min(b.size, Math.ceil(s.viewEnd / b.step));
  const group = Math.max(
      1,
      Math.ceil((shown * 4) / width),
      Math.ceil(Math.min(shown / 20, 100 / Math.max(requests, 0.01))),
    ),
    list = [];
  for (let i = 0; i < shown; i += group) {
    const end = Math.min(shown, i + group),
      sum = row => {
        let n = 0;
        for (let j = i; j < end; j++) n += row[j];
        return n;
      };
    const reached = sum(b.total[0]) + sum(b.total[1]);
    list.push({
      from: i * b.step,
      to: Math.min(s.viewEnd, end * b.step),
      share: reached ? sum(b.total[1]) / reached : null,
      mirrored: reached ? sum(b.copies) / reached : 0,
      failed: b.failed.map(row => sum(row) / (((end - i) * b.step) / 1000)),
    });
  }
  return list;
}

function drawTimelineStill(s) {
  const c = s.still.timeline.getContext("2d"),
    {w, h} = s.size.timeline,
    F = s.unit,
    bins = shownBins(s);
  c.setTransform(s.dpr, 0, 0, s.dpr, 0, 0);
  c.clearRect(0, 0, w, h);
  c.font = `${F}px ${s.font}`;
  c.textBaseline = "middle";
  const top = F * 1.9,
    middle = h * 0.57,
    bottom = h - F * 1.75;
  const most = Math.max(
      ...s.run.weights.map(e => e[1]),
      ...bins.map(b => 100 * (b.share ?? 0)),
      ...bins.map(b => 100 * Math.min(1, b.mirrored)),
      20,
    ),
    full = most > 85 ? 100 : most * 1.1;
  const worst = Math.max(1e-9, ...bins.map(b => b.failed[0] + b.failed[1] + b.failed[2]));
  const scale = {
    x: t => timelineX(s, t),
    up: percent => middle - ((middle - top) * percent) / full,
    down: rate => middle + ((bottom - middle) * rate) / worst,
    middle,
  };
  drawShare(s, c, bins, scale);
  drawMirrored(s, c, bins, scale);
  drawAsked(s, c, scale);
  drawHarm(s, c, bins, scale);
  c.fillStyle = s.palette.ink;
  c.fillRect(scale.x(0), middle - 1, scale.x(s.viewEnd) - scale.x(0), 2);
  drawAxis(s, c, scale, full === 100 ? 100 : most, worst);
}

function stairs(c, bins, x, y, value) {
  // one path per unbroken run of bins that have a value
  let open = false;
  for (const b of bins) {
    const v = value(b);
    if (v === null) {
      open = false;
      continue;
    }
    open ? c.lineTo(x(b.from), y(v)) : c.moveTo(x(b.from), y(v));
    c.lineTo(x(b.to), y(v));
    open = true;
  }
}

function drawShare(s, c, bins, {x, up, middle}) {
  if (s.run.versions.length < 2) return;
  c.fillStyle = s.palette.version[1];
  c.globalAlpha = 0.3;
  c.beginPath();
  for (const b of bins)
    if (b.share) c.rect(x(b.from), up(100 * b.share), x(b.to) - x(b.from) + 0.3, middle - up(100 * b.share));
  c.fill();
  c.globalAlpha = 1;
  c.strokeStyle = s.palette.version[1];
  c.lineWidth = 2.2;
  c.beginPath();
  stairs(c, bins, x, up, b => (b.share === null ? null : 100 * b.share));
  c.stroke();
}

function drawMirrored(s, c, bins, {x, up}) {
  // copies never fill: no user sees them
  if (!s.run.copies.n) return;
  c.strokeStyle = s.palette.version[1];
  c.lineWidth = 2;
  c.setLineDash([2, 3]);
  c.beginPath();
  stairs(c, bins, x, up, b => (b.mirrored ? 100 * Math.min(1, b.mirrored) : null));
  c.stroke();
  c.setLineDash([]);
}

function drawAsked(s, c, {x, up}) {
  if (!s.run.weights.length) return;
  let weight = 0;
  c.strokeStyle = s.palette.ink;
  c.lineWidth = 1.5;
  c.setLineDash([5, 3]);
  c.beginPath();
  c.moveTo(x(0), up(0));
  for (const [t, percent] of s.run.weights) {
    c.lineTo(x(t), up(weight));
    c.lineTo(x(t), up(percent));
    weight = percent;
  }
  c.lineTo(x(s.viewEnd), up(weight));
  c.stroke();
  c.setLineDash([]);
}

function drawHarm(s, c, bins, {x, down, middle}) {
  // v1 next to the line, then v2, then requests that reached no version
  const h = s.size.timeline.h,
    w = s.size.timeline.w,
    hues = [...s.palette.version, s.palette.page];
  [0, 1, 2].forEach(kind => {
    const bars = () => {
      for (const b of bins)
        if (b.failed[kind]) {
          let above = 0;
          for (let k = 0; k < kind; k++) above += b.failed[k];
          c.rect(x(b.from), down(above), x(b.to) - x(b.from), down(above + b.failed[kind]) - down(above));
        }
    };
    c.fillStyle = hues[kind];
    c.beginPath();
    bars();
    c.fill();
    c.save();
    c.beginPath();
    bars();
    c.clip();
    c.strokeStyle = kind < 2 ? s.palette.onHue : s.palette.ink;
    c.lineWidth = 1.6;
    c.beginPath();
    for (let X = -h; X < w; X += HATCH) {
      c.moveTo(X, middle);
      c.lineTo(X + h, middle + h);
      c.moveTo(X + h, middle);
      c.lineTo(X, middle + h);
    }
    c.stroke();
    c.restore();
    c.lineWidth = 0.8;
    c.beginPath();
    bars();
    c.strokeStyle = s.palette.ink;
    c.stroke();
  });
}

function drawAxis(s, c, {x, up, down, middle}, most, worst) {
  const F = s.unit,
    w = s.size.timeline.w,
    h = s.size.timeline.h;
  c.fillStyle = s.palette.muted;
  c.textAlign = "right";
  if (s.run.versions.length > 1) c.fillText(s.speech.percent(most), x(0) - 6, up(most));
  c.fillText("0", x(0) - 6, middle);
  if (worst > 1e-6) c.fillText(`${s.speech.significant(worst)}/s`, x(0) - 6, down(worst) - F * 0.2);
  c.textAlign = "center";
  const room = F * 4,
    every =
      [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400].find(
        e => timelineX(s, e * 1000) - x(0) > room,
      ) ?? 604800;
  for (let t = 0; t <= s.viewEnd; t += every * 1000)
    c.fillText(clock(t), Math.min(x(t), w - c.measureText(clock(t)).width / 2), h - F * 0.55);
}

function drawFuture(s, c) {
  // dotted: a replay must not give the answer away
  const F = s.unit,
    {w, h} = s.size.timeline,
    x = timelineX(s, s.far) + 1;
  if (s.far >= s.viewEnd) return;
  c.fillStyle = s.palette.page;
  c.fillRect(x, 0, w - x, h - F * 1.35);
  c.fillStyle = s.palette.rule;
  for (let X = x + 8; X < w - 12; X += 10) for (let Y = F * 1.9; Y < h - F * 1.5; Y += 10) c.fillRect(X, Y, 2, 2);
  c.font = `${F}px ${s.font}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  const middle = (x + w) / 2,
    width = c.measureText(s.words.hidden).width + 14;
  if (w - x < width + 20) return;
  c.fillStyle = s.palette.page;
  c.fillRect(middle - width / 2, h * 0.45 - F, width, 2 * F);
  c.fillStyle = s.palette.muted;
  c.fillText(s.words.hidden, middle, h * 0.45);
}

function drawTimeline(s) {
  const c = s.ctx.timeline,
    {w, h} = s.size.timeline,
    F = s.unit,
    x = timelineX(s, s.t);
  c.clearRect(0, 0, w, h);
  c.drawImage(s.still.timeline, 0, 0, w, h);
  drawFuture(s, c);
  drawSigns(s, c);
  c.fillStyle = s.palette.ink;
  c.fillRect(x - 1.5, F * 1.6, 3, h - F * 3);
  c.beginPath();
  circle(c, x, h - F * 1.5, F * 0.48);
  c.fill();
}
