// The event list as Python wrote it (sim/app/stage/events.py), unpacked into arrays; and what holds at a moment.
const BEYOND = 60,
  AT_VERSION = 61,
  NOWHERE = 63; // places of a mark that are not a shown pod
const STARTING = 0,
  READY = 1,
  ENDING = 2,
  GONE = 3;

function bytes(base64) {
  return Uint8Array.from(atob(base64), c => c.charCodeAt(0));
}
function counts(base64) {
  return new Uint32Array(bytes(base64).buffer);
}

function unpack(stream, tick) {
  const dt = bytes(stream.dt),
    where = bytes(stream.where),
    at = new Float64Array(where.length);
  let t = 0,
    j = 0;
  for (let i = 0; i < where.length; i++) {
    while (dt[j] === 255) {
      t += 255;
      j++;
    }
    t += dt[j++];
    at[i] = t * tick;
  }
  return {at, where};
}

function merge(users, copies) {
  // both in order of time: one list, `copy` tells them apart
  const n = users.at.length + copies.at.length;
  const m = {
    n,
    at: new Float64Array(n),
    place: new Uint8Array(n),
    version: new Uint8Array(n),
    failed: new Uint8Array(n),
    copy: new Uint8Array(n),
  };
  for (let i = 0, u = 0, k = 0; i < n; i++) {
    const isCopy = u >= users.at.length || (k < copies.at.length && copies.at[k] < users.at[u]);
    const [stream, j] = isCopy ? [copies, k++] : [users, u++];
    m.at[i] = stream.at[j];
    m.copy[i] = isCopy;
    m.place[i] = stream.where[j] & 63;
    m.version[i] = (stream.where[j] >> 6) & 1;
    m.failed[i] = stream.where[j] >> 7;
  }
  return m;
}

function decode(run) {
  const b = run.bins,
    total = counts(b.requests),
    failed = counts(b.failed),
    size = total.length / 3;
  const row = (all, i) => all.subarray(i * size, (i + 1) * size);
  const mirrored = counts(b.copies),
    sum = list => {
      const s = new Float64Array(size + 1);
      list.forEach((x, i) => {
        s[i + 1] = s[i] + x;
      });
      return s;
    };
  return {
    marks: merge(unpack(run.marks, run.tick), unpack(run.copies, run.tick)),
    bins: {
      step: b.step,
      size,
      total: [0, 1, 2].map(i => row(total, i)),
      failed: [0, 1, 2].map(i => row(failed, i)),
      copies: row(mirrored, 0),
      failedUntil: [0, 1, 2].map(i => sum(row(failed, i))),
      copiesUntil: [0, 1].map(i => sum(row(mirrored, i))),
      affected: counts(b.affected),
    },
  };
}

function lastAt(rows, t, when = row => row[0]) {
  // index of the last row at or before t, or -1
  let low = 0,
    high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    when(rows[middle]) <= t ? (low = middle + 1) : (high = middle);
  }
  return low - 1;
}

function stateAt(run, t) {
  // everything the control plane says at t
  const w = lastAt(run.weights, t),
    look = lastAt(run.looks, t, l => l.t);
  const phases = run.slots.map(n => new Uint8Array(n).fill(GONE)),
    beyond = run.slots.map(() => [0, 0, 0]);
  for (const [at, version, slot, phase] of run.pods) {
    if (at > t) break;
    phases[version][slot] = phase;
  }
  for (const [at, version, ...pods] of run.beyond) {
    if (at > t) break;
    beyond[version] = pods;
  }
  let step = -1;
  run.steps.forEach((s, i) => {
    if (s.t !== null && s.t <= t) step = i;
  });
  return {
    weight: w < 0 ? 0 : run.weights[w][1],
    weightAt: w < 0 ? 0 : run.weights[w][0],
    look: look < 0 ? null : run.looks[look],
    phases,
    beyond,
    step,
    undone: run.undo !== null && run.undo <= t,
    settled: settledAt(run, t),
  };
}

function settledAt(run, t) {
  // how the rollout stands settled at t: [ms, outcome, reason], or null while it is under way
  const last = lastAt(run.outcomes, t);
  return last < 0 || (run.undo !== null && run.undo <= t && run.outcomes[last][0] < run.undo)
    ? null
    : run.outcomes[last];
}

function podCounts(state, version) {
  const n = [...state.beyond[version]];
  for (const phase of state.phases[version]) if (phase !== GONE) n[phase]++;
  return n;
}
