// The mesh: clients, gateway, versions, pods. Two still pictures that change on control events,
// and the marks between them.
const LEGS = [0, 0.3, 0.58, 1]; // where a mark's journey turns: gateway, version, pod

function gridOf(count, width, height, most, gap) {
  // the largest square cells that fit
  let cell = most;
  const fits = s => Math.floor((width + gap) / (s + gap)) * Math.floor((height + gap) / (s + gap)) >= count;
  while (cell > 6 && !fits(cell)) cell -= 1;
  return {cell, columns: Math.max(1, Math.min(count, Math.floor((width + gap) / (cell + gap))))};
}

function placeMesh(s) {
  const {w, h} = s.size.mesh,
    u = s.unit,
    n = s.run.versions.length,
    gap = u * 0.4,
    left = w * 0.655,
    bottom = u * 2.3;
  const heights = n > 1 ? [h * 0.27, h * 0.75] : [h * 0.5];
  const widest = Math.max(...s.run.versions.map((_, v) => s.ctx.mesh.measureText(versionName(s, v)).width));
  const node = {
    client: [u * 3.1, h * 0.51],
    gate: [w * 0.285, h * 0.51],
    version: heights.map(y => [w * 0.49, y]),
    versionWidth: widest * 1.12 + u * 2.6,
    pods: [],
  };
  heights.forEach((y, v) => {
    const shown = Math.max(1, s.run.slots[v]) + (s.run.hasBeyond[v] ? 1 : 0),
      tall = h / n - bottom - u * 0.9;
    const {cell, columns} = gridOf(shown, w - left - u, tall, u * 2.05, gap),
      rows = Math.ceil(shown / columns);
    const top = y - (rows * (cell + gap) - gap) / 2 - u * 0.35;
    node.pods.push(
      Array.from({length: shown}, (_, i) => ({
        x: left + ((i % columns) + 0.5) * (cell + gap),
        y: top + Math.floor(i / columns) * (cell + gap) + cell / 2,
        cell,
      })),
    );
  });
  s.node = node;
}

function versionName(s, v) {
  return `${s.run.versions[v]} ${s.run.versions.length > 1 ? s.words[v ? "candidate" : "stable"] : ""}`.trim();
}

function journey(s, mark) {
  // corners of its way; a request that reached no pod ends where it was refused
  const n = s.node,
    ends = [n.client, n.gate];
  if (mark.place === NOWHERE) return ends;
  ends.push(n.version[mark.version]);
  if (mark.place === AT_VERSION) return ends;
  const pods = n.pods[mark.version],
    pod = pods[Math.min(mark.place === BEYOND ? pods.length - 1 : mark.place, pods.length - 1)];
  ends.push([pod.x, pod.y]);
  return ends;
}

function along(s, mark, share) {
  const way = journey(s, mark),
    last = LEGS[way.length - 1],
    f = mark.copy ? LEGS[1] + share * (last - LEGS[1]) : share * last;
  let leg = 0;
  while (leg < way.length - 2 && f >= LEGS[leg + 1]) leg++;
  const part = (f - LEGS[leg]) / (LEGS[leg + 1] - LEGS[leg]),
    [a, b] = [way[leg], way[leg + 1]];
  const spread = mark.jitter * (1 - Math.abs(2 * share - 1)) * s.unit * 1.25; // so that marks do not hide each other
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part + spread];
}

function drawMeshStill(s) {
  // below the marks: lines and pods; above them: the named boxes
  const below = s.still.meshBelow.getContext("2d"),
    above = s.still.meshAbove.getContext("2d");
  for (const c of [below, above]) {
    c.setTransform(s.dpr, 0, 0, s.dpr, 0, 0);
    c.clearRect(0, 0, s.size.mesh.w, s.size.mesh.h);
    c.textBaseline = "middle";
    c.lineJoin = "round";
  }
  drawLines(s, below);
  s.run.versions.forEach((_, v) => {
    drawPods(s, below, v);
    drawVersionBox(s, above, v);
  });
  const rate = s.speech.say("perSecond", {n: s.speech.number(rateNow(s))});
  drawBox(s, above, s.node.client, s.words.client, rate);
  drawBox(s, above, s.node.gate, s.run.mesh ? s.words.gateway : s.words.service);
}

function drawLines(s, c) {
  const {node, unit} = s,
    share = shareAt(s);
  const line = (a, b, width, dashed) => {
    c.strokeStyle = s.palette.rule;
    c.lineWidth = Math.max(1.5, width);
    c.setLineDash(dashed ? [4, 5] : []);
    c.beginPath();
    c.moveTo(...a);
    c.lineTo(...b);
    c.stroke();
    c.setLineDash([]);
  };
  line(node.client, node.gate, unit);
  node.version.forEach((to, v) => {
    const part = node.version.length < 2 ? 1 : v ? share : 1 - share;
    line(node.gate, to, unit * part + 1, part <= 0);
  });
  s.state.phases.forEach((phases, v) =>
    phases.forEach((phase, slot) => {
      const p = node.pods[v][slot];
      if (phase === READY) line(node.version[v], [p.x - p.cell / 2, p.y], 1.5);
    }),
  );
}

function drawPods(s, c, v) {
  const hue = s.palette.version[v],
    pods = s.node.pods[v];
  pods.forEach((p, slot) => {
    const beyond = s.run.hasBeyond[v] && slot === pods.length - 1,
      phase = beyond ? READY : (s.state.phases[v][slot] ?? GONE),
      r = p.cell / 2;
    if (phase === GONE) {
      c.strokeStyle = s.palette.rule;
      c.lineWidth = 1;
      c.setLineDash([2, 3]);
      c.strokeRect(p.x - r + 0.5, p.y - r + 0.5, p.cell - 1, p.cell - 1);
      c.setLineDash([]);
      return;
    }
    c.fillStyle = s.palette.page;
    c.fillRect(p.x - r, p.y - r, p.cell, p.cell);
    c.lineWidth = Math.max(1.2, Math.min(2.4, p.cell / 9));
    c.strokeStyle = hue;
    c.setLineDash(phase === READY ? [] : [3, 3]);
    c.strokeRect(p.x - r, p.y - r, p.cell, p.cell);
    c.setLineDash([]);
    if (beyond) {
      c.fillStyle = s.palette.ink;
      c.font = `700 ${s.unit * 0.9}px ${s.font}`;
      c.textAlign = "center";
      c.fillText("+", p.x, p.y);
    }
    if (phase === STARTING) {
      c.fillStyle = hue;
      for (let k = -1; k < 2; k++) {
        c.beginPath();
        circle(c, p.x + (k * p.cell) / 5, p.y, p.cell / 18 + 0.6);
        c.fill();
      }
    }
    if (phase === ENDING) {
      c.beginPath();
      c.moveTo(p.x - r, p.y + r);
      c.lineTo(p.x + r, p.y - r);
      c.stroke();
    }
  });
  c.textAlign = "left";
  c.font = `${s.unit}px ${s.font}`;
  c.fillStyle = s.palette.muted;
  const last = pods[pods.length - 1];
  c.fillText(podsText(s, v), pods[0].x - pods[0].cell / 2, last.y + last.cell / 2 + s.unit);
}

function podsText(s, v) {
  const n = podCounts(s.state, v),
    parts = [
      ["starting", STARTING],
      ["ready", READY],
      ["ending", ENDING],
    ]
      .filter(([, k]) => n[k])
      .sort((a, b) => (b[1] === READY ? 1 : -1))
      .map(([word, k]) => `${s.speech.number(n[k])} ${s.words[word]}`);
  return parts.join(", ") || s.words.none;
}

function drawBox(s, c, [x, y], text, below) {
  const u = s.unit;
  c.font = `600 ${u}px ${s.font}`;
  const w = Math.max(u * 4.6, c.measureText(text).width + u * 1.2);
  c.fillStyle = s.palette.page;
  c.strokeStyle = s.palette.ink;
  c.lineWidth = 1.8;
  c.beginPath();
  c.roundRect(x - w / 2, y - u * 1.05, w, u * 2.1, 6);
  c.fill();
  c.stroke();
  c.fillStyle = s.palette.ink;
  c.textAlign = "center";
  c.fillText(text, x, y + 1);
  if (below) haloText(s, c, below, x, y + u * 2);
}

function haloText(s, c, text, x, y) {
  c.font = `${s.unit}px ${s.font}`;
  c.textAlign = "center";
  c.strokeStyle = s.palette.panel;
  c.lineWidth = 6;
  c.strokeText(text, x, y);
  c.fillStyle = s.palette.muted;
  c.fillText(text, x, y);
}

function drawVersionBox(s, c, v) {
  const [x, y] = s.node.version[v],
    u = s.unit,
    w = s.node.versionWidth;
  c.fillStyle = s.palette.page;
  c.strokeStyle = s.palette.version[v];
  c.lineWidth = 3;
  c.beginPath();
  c.roundRect(x - w / 2, y - u * 1.1, w, u * 2.2, 6);
  c.fill();
  c.stroke();
  c.fillStyle = s.palette.version[v];
  c.beginPath();
  versionMark(c, v, x - w / 2 + u * 0.95, y, u * 0.42);
  c.fill();
  c.font = `700 ${u}px ${s.font}`;
  c.fillStyle = s.palette.ink;
  c.textAlign = "left";
  c.fillText(versionName(s, v), x - w / 2 + u * 1.75, y + 1);
  if (s.run.versions.length < 2) return;
  const share = v ? shareAt(s) : 1 - shareAt(s),
    asked = v ? s.state.weight : 100 - s.state.weight;
  haloText(
    s,
    c,
    s.run.weights.length
      ? `${s.words.asked} ${s.speech.percent(asked)}`
      : `${s.words.actual} ${s.speech.percent(100 * share)}`,
    x,
    y + u * 2.05,
  );
}

function drawMesh(s) {
  const c = s.ctx.mesh,
    {w, h} = s.size.mesh,
    r = s.unit * 0.3;
  c.clearRect(0, 0, w, h);
  c.drawImage(s.still.meshBelow, 0, 0, w, h);
  const flying = copy => v => {
    c.beginPath();
    for (const m of s.marks) {
      const share = (s.played - m.born) / FLIGHT;
      if (m.version !== v || m.copy !== copy || share < 0 || share > 1) continue;
      versionMark(c, v, ...along(s, m, share), r);
    }
  };
  s.run.versions.forEach((_, v) => {
    c.fillStyle = s.palette.version[v];
    flying(0)(v);
    c.fill();
  });
  if (s.run.copies.n) {
    c.lineWidth = 1.4;
    c.strokeStyle = s.palette.version[1];
    flying(1)(1);
    c.stroke();
  }
  c.drawImage(s.still.meshAbove, 0, 0, w, h);
  for (const copy of [0, 1]) {
    c.strokeStyle = copy ? s.palette.muted : s.palette.ink;
    c.lineWidth = copy ? 1.6 : s.unit / 5;
    c.beginPath();
    for (const m of s.marks) {
      const since = s.played - m.born - FLIGHT;
      if (!m.failed || m.copy !== copy || since < 0 || since > LINGER) continue;
      const way = journey(s, m),
        [x, y] = way[way.length - 1];
      const wide = way.length < 4 ? 1.6 : 0.5; // refused at a box: scattered over it
      cross(c, x + m.jitter * s.unit * wide, y + (m.jitterAcross * s.unit * wide) / 1.6, s.unit * (copy ? 0.35 : 0.5));
    }
    c.stroke();
  }
}
