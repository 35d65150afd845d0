// The wall of requests: one cell each, in reading order; a blank gap shows "now".
// Copies are not on it: no user waits for them.
function clearWall(s) {
  const c = s.still.wall.getContext("2d");
  c.setTransform(s.dpr, 0, 0, s.dpr, 0, 0);
  c.fillStyle = s.palette.panel;
  c.fillRect(0, 0, s.size.wall.w, s.size.wall.h);
  s.wall.count = 0;
}

function cellAt(s, i) {
  const {columns, rows, cell} = s.wall,
    k = i % (columns * rows);
  return [6 + ((k % columns) + 0.5) * cell, 6 + (Math.floor(k / columns) + 0.5) * cell];
}

function stamp(s, requests) {
  // draws these requests into the next cells
  if (!requests.length) return;
  const c = s.still.wall.getContext("2d"),
    {cell, columns} = s.wall,
    first = s.wall.count,
    m = s.events.marks;
  s.wall.count += requests.length;
  c.fillStyle = s.palette.panel;
  for (let i = first; i < s.wall.count + (columns >> 1); i++) {
    const [x, y] = cellAt(s, i);
    c.fillRect(x - cell / 2, y - cell / 2, cell, cell);
  }
  for (const version of [0, 1]) {
    c.fillStyle = s.palette.version[version];
    c.beginPath();
    requests.forEach((r, i) => {
      if (m.version[r] === version && !m.failed[r]) versionMark(c, version, ...cellAt(s, first + i), cell * 0.36);
    });
    c.fill();
  }
  c.strokeStyle = s.palette.ink;
  c.lineWidth = cell * 0.21;
  c.beginPath();
  requests.forEach((r, i) => {
    if (m.failed[r]) cross(c, ...cellAt(s, first + i), cell * 0.34);
  });
  c.stroke();
}

function drawWall(s) {
  s.ctx.wall.clearRect(0, 0, s.size.wall.w, s.size.wall.h);
  s.ctx.wall.drawImage(s.still.wall, 0, 0, s.size.wall.w, s.size.wall.h);
}
