// Buttons, scrubbing and keys.

function buildControls(s) {
  const bar = s.find(".ctl"),
    {words} = s;
  const button = (text, attributes, action, key) => {
    const b = element("button", undefined, {type: "button", ...attributes});
    b.append(element("span", text));
    if (key) b.append(element("kbd", key));
    b.addEventListener("click", action);
    bar.append(b);
    return b;
  };
  const main = button("", {class: "main", "aria-pressed": "false"}, () => toggle(s), words.space);
  main.firstChild.replaceWith(document.createTextNode(""));
  button("\u25C0", {"aria-label": words.previous, title: words.previous}, () => hop(s, -1), "\u2190");
  button("\u25B6", {"aria-label": words.next, title: words.next}, () => hop(s, 1), "\u2192");
  bar.append(element("span", words.speed, {class: "key"}));
  for (const speed of speedsFor(s.run))
    button(`\u00D7${s.speech.number(speed)}`, {"data-speed": speed, "aria-pressed": speed === s.speed}, () =>
      setSpeed(s, speed),
    );
  const short = telling(s.run);
  if (short < s.run.t_end)
    button(words.whole, {"data-view": "", "aria-pressed": "false"}, () =>
      view(s, s.viewEnd < s.run.t_end || s.t > short ? s.run.t_end : short),
    );
  if (s.run.moments.length) bar.append(element("span", words.jump, {class: "key"}));
  for (const [t, key] of s.run.moments)
    button(s.speech.say("moment_" + key, {v: s.run.versions[1]}), {"data-moment": key}, () => jump(s, t + 1));
  const scrub = e => {
    const r = s.canvas.timeline.getBoundingClientRect(),
      from = timelineX(s, 0),
      to = timelineX(s, s.viewEnd);
    seek(s, ((e.clientX - r.left - from) / (to - from)) * s.viewEnd);
  };
  s.canvas.timeline.addEventListener("pointerdown", e => {
    play(s, false, true);
    s.canvas.timeline.setPointerCapture(e.pointerId);
    scrub(e);
    s.canvas.timeline.onpointermove = scrub;
  });
  s.canvas.timeline.addEventListener("pointerup", () => {
    s.canvas.timeline.onpointermove = null;
    s.onPause({t: Math.round(s.t), speed: s.speed});
  });
}

function pressed(s, event) {
  // Space and arrows anywhere on the page, but never in a form field
  const target = event.composedPath()[0],
    name = target.tagName ?? "";
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    (/INPUT|TEXTAREA|SELECT|BUTTON/.test(name) && !(name === "BUTTON" && event.key !== " "))
  )
    return;
  if (
    target.isContentEditable ||
    (target.getAttribute?.("role") === "slider" && name !== "CANVAS") ||
    ["listbox", "option", "combobox", "tab"].includes(target.getAttribute?.("role"))
  )
    return;
  if (event.key === " ") toggle(s);
  else if (event.key === "ArrowRight") hop(s, 1);
  else if (event.key === "ArrowLeft") hop(s, -1);
  else return;
  event.preventDefault();
}
