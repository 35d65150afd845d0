// The player: one clock for all parts. Nothing leaves the page, and nothing goes to the server while it plays.
const FLIGHT = 1.5,
  LINGER = 0.9; // seconds of playing time a mark travels, and a failure stays in sight
const MARKS_A_SECOND = 420; // above this, one request in k is drawn
const SHORT_PLAY = 120; // seconds: the opening speed shows the whole run in less
const SPEEDS = [1, 4, 16, 64, 256, 1024, 4096, 16384];
const DESIGN = {unit: 15, width: 1067, height: 850};

function openingSpeed(run) {
  return SPEEDS.find(s => telling(run) / 1000 / s <= SHORT_PLAY) ?? SPEEDS.at(-1);
}
function speedsFor(run) {
  const i = SPEEDS.indexOf(openingSpeed(run));
  return SPEEDS.slice(Math.max(0, i - 2), i + 2);
}
function ratio(s) {
  return Math.max(1, Math.ceil((s.drawnRate * s.speed) / MARKS_A_SECOND));
}

function luminance(css, host) {
  // of a CSS colour, 0 to 1
  const probe = element("span");
  probe.style.color = css || "#fff";
  host.appendChild(probe);
  const rgb = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [255, 255, 255];
  probe.remove();
  return (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) / 255;
}

function pageColour(root) {
  return getComputedStyle(root).getPropertyValue("--st-background-color");
}

function mount(root, data, onPause) {
  const {run, words} = data,
    box = frameOf(words),
    find = selector => box.querySelector(selector);
  root.replaceChildren(box);
  const canvas = {mesh: find(".mesh canvas"), wall: find(".wall canvas"), timeline: find(".tl canvas")};
  const events = decode(run);
  const s = {
    root,
    run,
    words,
    box,
    find,
    canvas,
    events,
    speech: speech(words, data.lang),
    size: {},
    still: {},
    wall: {},
    signs: [],
    marks: [],
    played: 0,
    playing: false,
    ctx: Object.fromEntries(Object.entries(canvas).map(([name, c]) => [name, c.getContext("2d")])),
    viewEnd: telling(run),
    t: data.t0 ?? 0,
    far: data.t0 ?? 0,
    next: 0,
    speed: data.speed ?? openingSpeed(run),
    drawnRate: events.marks.n / Math.max(1, run.t_end / 1000),
    state: stateAt(run, data.t0 ?? 0),
    onPause,
  };
  find(".num.copies").hidden = !run.copies.n;
  find(".num.share").hidden = run.versions.length < 2;
  canvas.timeline.setAttribute("aria-label", words.timeline);
  canvas.timeline.setAttribute("aria-valuemax", Math.round(run.t_end / 1000));
  drawLegend(s);
  buildControls(s);
  resize(s);
  play(s, false, true);
  const stop = start(s);
  if (data.autoplay && !matchMedia("(prefers-reduced-motion: reduce)").matches) play(s, true);
  box.dataset.ready = "1";
  return {stop, player: s};
}

function resize(s) {
  const scale = Math.min(
    s.root.getBoundingClientRect().width / DESIGN.width,
    (window.innerHeight - 68) / DESIGN.height,
  );
  s.unit = DESIGN.unit * Math.max(0.92, Math.min(1.75, scale));
  s.dpr = Math.min(2, window.devicePixelRatio || 1);
  s.box.style.setProperty("--u", `${s.unit / DESIGN.unit}`);
  s.mode = luminance(pageColour(s.root), s.box) < 0.4 ? "dark" : "light";
  s.box.classList.toggle("dark", s.mode === "dark");
  s.palette = PALETTES[s.mode];
  s.font = getComputedStyle(s.box).fontFamily;
  for (const name in s.canvas) {
    const r = s.canvas[name].getBoundingClientRect();
    s.size[name] = {w: r.width, h: r.height};
    s.canvas[name].width = Math.round(r.width * s.dpr);
    s.canvas[name].height = Math.round(r.height * s.dpr);
    s.ctx[name].setTransform(s.dpr, 0, 0, s.dpr, 0, 0);
  }
  s.still = {
    wall: canvasLike(s.canvas.wall),
    timeline: canvasLike(s.canvas.timeline),
    meshBelow: canvasLike(s.canvas.mesh),
    meshAbove: canvasLike(s.canvas.mesh),
  };
  const cell = (12 * s.unit) / 15;
  s.wall = {
    cell,
    columns: Math.floor((s.size.wall.w - 12) / cell),
    rows: Math.floor((s.size.wall.h - 12) / cell),
    count: 0,
  };
  s.ctx.mesh.font = `600 ${s.unit}px ${s.font}`;
  placeMesh(s);
  layOutSigns(s);
  drawTimelineStill(s);
  seek(s, s.t);
}

function take(s, i, age) {
  // request i becomes a moving mark
  const m = s.events.marks;
  s.marks.push({
    born: s.played - age,
    version: m.version[i],
    place: m.place[i],
    failed: m.failed[i],
    copy: m.copy[i],
    jitter: 2 * scattered(i + 1) - 1,
    jitterAcross: 2 * scattered(i + 7919) - 1,
  });
}

function scattered(i) {
  // 0 to 1, the same for a request whenever it is drawn
  let h = Math.imul(i ^ (i >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

// Not every k-th in turn: round robin would then show always the same pods.
function isDrawn(i, k) {
  return k === 1 || scattered(i) * k < 1;
}

function draw(s) {
  drawMesh(s);
  drawWall(s);
  drawTimeline(s);
}

function advance(s, seconds) {
  const m = s.events.marks,
    k = ratio(s),
    onWall = [];
  s.played += seconds;
  s.t = Math.min(s.run.t_end, s.t + seconds * 1000 * s.speed);
  s.far = Math.max(s.far, s.t);
  for (; s.next < m.n && m.at[s.next] <= s.t; s.next++) {
    if (!isDrawn(s.next, k)) continue;
    take(s, s.next, (s.t - m.at[s.next]) / 1000 / s.speed);
    if (!m.copy[s.next]) onWall.push(s.next);
  }
  stamp(s, onWall);
  if (s.marks.length && s.played - s.marks[0].born > FLIGHT + LINGER)
    s.marks = s.marks.filter(x => s.played - x.born < FLIGHT + (x.failed ? LINGER : 0));
  if (s.t > s.viewEnd) view(s, s.run.t_end);
  if (s.t >= s.run.t_end) play(s, false);
}

function view(s, end) {
  // how much of the run the timeline shows
  s.viewEnd = end;
  s.find("[data-view]")?.setAttribute("aria-pressed", end === s.run.t_end);
  layOutSigns(s);
  drawTimelineStill(s);
  drawTimeline(s);
}

function seek(s, t) {
  if (t > s.viewEnd && s.viewEnd < s.run.t_end) view(s, s.run.t_end);
  const m = s.events.marks,
    k = ratio(s),
    room = s.wall.columns * s.wall.rows - (s.wall.columns >> 1),
    onWall = [];
  s.t = Math.max(0, Math.min(s.run.t_end, t));
  s.far = Math.max(s.far, s.t);
  s.marks = [];
  s.next = lastAt(m.at, s.t, x => x) + 1;
  for (let i = s.next - 1; i >= 0 && onWall.length < room; i--) if (!m.copy[i] && isDrawn(i, k)) onWall.push(i);
  clearWall(s);
  stamp(s, onWall.reverse());
  for (let i = lastAt(m.at, s.t - (FLIGHT + LINGER) * 1000 * s.speed, x => x) + 1; i < s.next; i++)
    if (isDrawn(i, k)) take(s, i, (s.t - m.at[i]) / 1000 / s.speed);
  drawPanels(s, true);
  draw(s);
}

function play(s, on, silent) {
  const button = s.find("button.main"),
    was = s.playing;
  s.playing = on;
  button.firstChild.textContent = on ? `\u275A\u275A ${s.words.pause}` : `\u25B6 ${s.words.play}`;
  button.setAttribute("aria-pressed", on);
  if (was && !on && !silent) {
    drawPanels(s, true);
    draw(s);
    s.onPause({t: Math.round(s.t), speed: s.speed});
  }
}

function toggle(s) {
  if (s.t >= s.run.t_end) seek(s, 0);
  play(s, !s.playing);
}

function hop(s, direction) {
  // to the next or previous event
  const moments = [0, ...s.signs.map(x => x.t), ...s.run.moments.map(x => x[0]), s.run.t_end].sort((a, b) => a - b);
  const to = direction > 0 ? moments.find(t => t > s.t + 200) : moments.reverse().find(t => t < s.t - 200);
  if (to !== undefined) jump(s, to);
}

function jump(s, t) {
  play(s, false, true);
  seek(s, t);
  s.onPause({t: Math.round(s.t), speed: s.speed});
}

function setSpeed(s, speed) {
  s.speed = speed;
  s.box.querySelectorAll("[data-speed]").forEach(b => b.setAttribute("aria-pressed", +b.dataset.speed === speed));
  seek(s, s.t);
}

function start(s) {
  // returns what stops it
  let alive = true,
    last = 0,
    panelAt = 0,
    colourAt = 0,
    colour = pageColour(s.root);
  const loop = now => {
    if (!alive) return;
    if (!s.box.isConnected) {
      stop();
      return;
    } // the page was left
    requestAnimationFrame(loop);
    const gap = last ? Math.min(0.1, (now - last) / 1000) : 0;
    last = now;
    if (now - colourAt > 500) {
      colourAt = now;
      const c = pageColour(s.root);
      if (c !== colour) {
        colour = c;
        resize(s);
      }
    }
    if (!s.playing || document.hidden) return;
    advance(s, gap);
    if (now - panelAt > 250) {
      panelAt = now;
      drawPanels(s, false);
    }
    draw(s);
  };
  const changed = () => {
    const r = s.canvas.mesh.getBoundingClientRect();
    if (Math.abs(r.width - s.size.mesh.w) > 1 || Math.abs(r.height - s.size.mesh.h) > 1) resize(s);
  };
  const watch = new ResizeObserver(changed),
    keys = event => pressed(s, event),
    window_ = () => resize(s);
  const stop = () => {
    alive = false;
    watch.disconnect();
    document.removeEventListener("keydown", keys);
    window.removeEventListener("resize", window_);
  };
  watch.observe(s.canvas.mesh);
  document.addEventListener("keydown", keys);
  window.addEventListener("resize", window_);
  requestAnimationFrame(loop);
  return stop;
}

export default function ({data, parentElement, setStateValue}) {
  // Streamlit component v2
  let host = parentElement.querySelector(".stage-root");
  if (!host) {
    host = element("div", undefined, {class: "stage-root"});
    parentElement.appendChild(host);
  }
  if (host.__key === data.key) return; // a rerun that changes nothing leaves the player alone
  host.__stop?.();
  const {stop, player} = mount(host, data, state => setStateValue("playback", {...state, of: data.key}));
  // Run was pressed: the next key is for the stage, not for Run again.
  if (data.autoplay) player.box.focus({preventScroll: true});
  host.__key = data.key;
  host.__stop = stop;
  host.__player = player;
}
