// Words beside the pictures: numbers, steps, why, story.
// Written four times a second, whole only when an event has passed.
const SVG = "http://www.w3.org/2000/svg";
const ICONS = {pass: "\u2713", fail: "\u2715", inconclusive: "?", error: "\u2013"};
const LOG_LINES = 60;

function frameOf(words) {
  const box = element("div", undefined, {class: "rs", tabindex: "0", role: "group", "aria-label": words.stage});
  box.innerHTML = `<div class="top"><div class="clock"></div><div class="say"><b></b><span class="key"></span></div>
     <div class="num share"><b></b><span></span></div><div class="num failed"><b></b><span></span></div>
     <div class="num copies"><b></b><span></span></div><div class="num users"><b></b><span></span></div></div>
   <div class="box mesh"><div class="head"><h3></h3><span class="key ratio"></span></div>
     <canvas role="img"></canvas></div>
   <div class="box wall"><div class="head"><h3></h3><span class="key legend"></span></div>
     <canvas role="img"></canvas></div>
   <div class="box tl"><canvas tabindex="0" role="slider" aria-valuemin="0"></canvas><div class="ctl"></div></div>
   <div class="low"><section class="steps"><h3></h3><ol></ol></section>
     <section class="why"><h3></h3><div></div></section>
     <section class="log"><h3></h3><ul tabindex="0"></ul></section></div>`;
  for (const [part, key] of [
    ["mesh", "mesh"],
    ["wall", "wall"],
    ["steps", "steps"],
    ["why", "why"],
    ["log", "log"],
  ])
    box.querySelector(`.${part} h3`).textContent = words[key];
  box.querySelector(".log ul").setAttribute("aria-label", words.log);
  return box;
}

function binAt(s, t) {
  return Math.max(0, Math.min(s.events.bins.size, Math.floor(t / s.events.bins.step)));
}

function recent(s) {
  // the bins of the last five seconds, at least two
  const b = s.events.bins,
    end = Math.max(1, binAt(s, s.t)),
    from = Math.max(0, end - Math.max(2, Math.round(5000 / b.step)));
  const sum = row => {
    let n = 0;
    for (let i = from; i < end; i++) n += row[i];
    return n;
  };
  return {seconds: ((end - from) * b.step) / 1000, total: b.total.map(sum), copies: sum(b.copies)};
}

function shareAt(s) {
  const {total} = recent(s),
    reached = total[0] + total[1];
  return reached ? total[1] / reached : 0;
}
function rateNow(s) {
  const r = recent(s);
  return Math.round((r.total[0] + r.total[1] + r.total[2]) / r.seconds);
}

function publicly(s, text) {
  return s.run.hasTesters ? s.speech.say("notTesters", {text}) : text;
}

function drawNumbers(s) {
  const b = s.events.bins,
    i = binAt(s, s.t),
    {speech, words, run} = s,
    put = (part, value, label) => {
      s.find(`.${part} b`).textContent = value;
      s.find(`.${part} span`).textContent = label;
    };
  s.find(".clock").textContent = clock(s.t);
  const v2 = run.versions[1],
    share = speech.percent(100 * shareAt(s));
  if (v2)
    put(
      "share",
      run.weights.length ? `${speech.percent(s.state.weight)} / ${share}` : share,
      speech.say(run.weights.length ? "shareBoth" : "shareActual", {v: v2}),
    );
  const failed = b.failedUntil.map(f => f[i]),
    all = failed[0] + failed[1] + failed[2];
  put(
    "failed",
    v2 ? `${speech.number(failed[1])} / ${speech.number(all)}` : speech.number(all),
    publicly(s, speech.say(v2 ? "failedBoth" : "failedAll", {v: v2})),
  );
  if (run.copies.n)
    put("copies", `${speech.number(b.copiesUntil[1][i])} / ${speech.number(b.copiesUntil[0][i])}`, words.copiesBoth);
  const users = i ? b.affected[i - 1] : 0;
  put(
    "users",
    `${speech.number(users)}  (${speech.percent((100 * users) / Math.max(1, run.users), users ? 1 : 0)})`,
    words.users,
  );
  const slider = s.canvas.timeline;
  slider.setAttribute("aria-valuenow", Math.round(s.t / 1000));
  slider.setAttribute("aria-valuetext", clock(s.t));
  s.canvas.mesh.setAttribute(
    "aria-label",
    `${words.mesh}: ${run.versions.map((_, v) => `${versionName(s, v)}, ${podsText(s, v)}`).join("; ")}`,
  );
  s.canvas.wall.setAttribute("aria-label", speech.say("wallSays", {n: speech.number(all)}));
}

function chip(kind, icon, text) {
  return element("span", `${icon} ${text}`, {class: `chip ${kind}`});
}

function drawSaying(s) {
  // what is being done now, or how it ended
  const {run, state, words} = s,
    big = s.find(".say b"),
    small = s.find(".say .key"),
    step = run.steps[state.step]?.text ?? words.before;
  const outcome = state.settled?.[1],
    bad = state.undone || ["rolled_back", "failed"].includes(outcome),
    kind = bad ? "fail" : ["promoted", "kept"].includes(outcome) ? "pass" : "inconclusive";
  if (outcome || state.undone) {
    big.replaceChildren(chip(kind, ICONS[kind], words[outcome ?? "undo"].toUpperCase()));
    small.textContent = outcome ? state.settled[2] : run.undoReason;
  } else {
    big.textContent = step;
    small.textContent = s.speech.say("strategySays", {s: run.strategy, n: run.seed});
  }
}

function drawSteps(s) {
  const {run, state} = s,
    over = state.settled || state.undone;
  s.find(".steps ol").replaceChildren(
    ...run.steps
      .map((step, i) => {
        const reached = step.t !== null && step.t <= s.t,
          now = i === state.step;
        const kind = now ? "now" : reached ? "done" : over ? "off" : "",
          icon = {now: over ? "\u25A0" : "\u25B6", done: "\u2713", off: "\u2013"}[kind] ?? "\u25CB";
        if (step.undo && !reached) return null; // the way back is no plan
        const li = element("li", undefined, now ? {class: kind, "aria-current": "step"} : {class: kind});
        li.append(element("i", icon), element("span", step.text));
        return li;
      })
      .filter(Boolean),
  );
  s.find(".steps li.now")?.scrollIntoView?.({block: "nearest"});
}

function drawWhy(s) {
  const {run, state, words, speech} = s,
    look = state.look,
    box = s.find(".why div");
  if (!look) {
    const waited = Math.max(0, Math.round((s.t - state.weightAt) / 1000));
    box.replaceChildren(
      element("p", state.weight ? speech.say("noLook", {w: speech.percent(state.weight), s: waited}) : words.noLookYet),
      element("p", run.noticing, {class: "key"}),
    );
    return;
  }
  const v = x => speech.measured(x, look.unit),
    band = look.low === null ? "" : speech.say("between", {lo: v(look.low), hi: v(look.high)});
  const says = element("p"),
    name = words["metric_" + look.metric] ?? look.metric;
  says.append(
    chip(look.verdict, ICONS[look.verdict], words[look.isAlert ? "verdict_alert" : "verdict_" + look.verdict]),
    "\u00a0 ",
    look.reason,
  );
  const measured =
    look.value === null
      ? words.noData
      : speech.say(look.threshold === null ? "measured" : "measuredAgainst", {
          m: name,
          x: v(look.value),
          b: band,
          t: look.threshold === null ? "" : v(look.threshold),
          n: speech.number(look.samples),
        });
  const small = element("p", `${speech.say("whenLook", {j: look.judge, i: look.no, t: clock(look.t)})} ${measured}`, {
    class: "key",
  });
  const drawing = look.value === null || look.threshold === null ? null : drawInterval(s, look, measured);
  box.replaceChildren(...[says, drawing, small].filter(Boolean));
}

function svg(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function drawInterval(s, look, label) {
  // measured value with its interval, against the threshold
  const W = 430,
    H = 62,
    y = 24,
    right = W - 90,
    top = Math.max(look.value, look.high ?? 0, look.threshold) * 1.12 || 1,
    x = value => 8 + (right - 8) * Math.min(1, Math.max(0, value) / top);
  const picture = svg("svg", {viewBox: `0 0 ${W} ${H}`, width: "100%", role: "img", "aria-label": label});
  picture.append(svg("line", {x1: 8, x2: right, y1: y, y2: y, stroke: "var(--rule)", "stroke-width": 2}));
  picture.append(
    svg("line", {
      x1: x(look.threshold),
      x2: x(look.threshold),
      y1: y - 20,
      y2: y + 16,
      stroke: "var(--ink)",
      "stroke-width": 2.5,
      "stroke-dasharray": "6 3",
    }),
  );
  const side = x(look.threshold) > right * 0.6;
  picture.append(
    svg(
      "text",
      {x: x(look.threshold) + (side ? 4 : -4), y: H - 5, "text-anchor": side ? "end" : "start"},
      `${s.words.threshold} ${s.speech.measured(look.threshold, look.unit)}`,
    ),
  );
  if (look.low !== null)
    picture.append(
      svg("line", {
        x1: x(look.low),
        x2: Math.max(x(look.high), x(look.low) + 2),
        y1: y,
        y2: y,
        stroke: "var(--v2)",
        "stroke-width": 10,
      }),
    );
  picture.append(
    svg("path", {
      d: `M${x(look.value)} ${y - 11} l10 18 h-20 z`,
      fill: "var(--v2)",
      stroke: "var(--ink)",
      "stroke-width": 1.6,
    }),
  );
  picture.append(
    svg(
      "text",
      {x: Math.max(x(look.high ?? look.value), x(look.threshold), x(look.value) + 8) + 9, y: y + 5, "font-weight": 700},
      s.speech.measured(look.value, look.unit),
    ),
  );
  return picture;
}

function drawLog(s) {
  const last = lastAt(s.run.log, s.t);
  const rows = s.run.log.slice(Math.max(0, last + 1 - LOG_LINES), last + 1).reverse();
  s.find(".log ul").replaceChildren(
    ...rows.map(([t, text]) => {
      const li = element("li");
      li.append(element("time", clock(t)), element("span", text));
      return li;
    }),
  );
}

function drawLegend(s) {
  const {run, words} = s,
    mark = (shape, stroke) => {
      const p = svg("svg", {width: 15, height: 13, "aria-hidden": "true"});
      p.append(svg("path", stroke ? {d: shape, stroke, "stroke-width": 2.4, fill: "none"} : {d: shape}));
      return p;
    };
  const dot = mark("M2 6.5a5 5 0 1 0 10 0a5 5 0 1 0-10 0"),
    up = mark("M7 1l6 11h-12z"),
    bad = mark("M2 2l10 10M12 2l-10 10", "var(--ink)");
  dot.firstChild.setAttribute("fill", "var(--v1)");
  up.firstChild.setAttribute("fill", "var(--v2)");
  const parts = [dot, s.speech.say("served", {v: run.versions[0]})];
  if (run.versions[1]) parts.push(up, s.speech.say("served", {v: run.versions[1]}));
  if (run.copies.n) parts.push(mark("M7 1.5l5.5 10h-11z", "var(--v2)"), words.copy);
  parts.push(bad, words.failedMark);
  s.find(".legend").replaceChildren(...parts);
}

function drawPanels(s, whole) {
  const {run} = s,
    passed =
      [run.weights, run.pods, run.beyond, run.log].map(rows => lastAt(rows, s.t)).join() +
      lastAt(run.looks, s.t, l => l.t);
  const key = `${passed},${lastAt(run.outcomes, s.t)},${run.steps.filter(x => x.t !== null && x.t <= s.t).length}`;
  if (whole || key !== s.panelKey) {
    s.panelKey = key;
    s.state = stateAt(run, s.t);
    drawSaying(s);
    drawSteps(s);
    drawLog(s);
    drawWhy(s);
  } else if (!s.state.look) drawWhy(s);
  drawMeshStill(s);
  drawNumbers(s);
  const every = ratio(s) * run.k;
  const drawn = every === 1 ? s.words.one : s.speech.say("everyK", {k: s.speech.number(every)});
  s.find(".ratio").textContent = run.hasBeyond.some(Boolean)
    ? `${drawn}; ${s.speech.say("beyond", {n: BEYOND})}`
    : drawn;
}
