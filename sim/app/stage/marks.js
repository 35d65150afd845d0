// Colours, shapes and numbers. A version is hue + shape; a failure is an ink cross, never a hue; a copy is hollow.
const PALETTES = {
  light: {
    page: "#FFFFFF",
    panel: "#F4F5F7",
    ink: "#1A1A1A",
    muted: "#595959",
    rule: "#D0D4DA",
    version: ["#0072B2", "#D55E00"],
    onHue: "#1A1A1A",
  },
  dark: {
    page: "#191919",
    panel: "#242424",
    ink: "#F2F2F2",
    muted: "#B8B8B8",
    rule: "#454545",
    version: ["#56B4E9", "#E69F00"],
    onHue: "#191919",
  },
};
const FULL_TURN = 2 * Math.PI;

function circle(c, x, y, r) {
  c.moveTo(x + r, y);
  c.arc(x, y, r, 0, FULL_TURN);
}

function triangle(c, x, y, r) {
  c.moveTo(x, y - r * 1.15);
  c.lineTo(x + r * 1.1, y + r * 0.85);
  c.lineTo(x - r * 1.1, y + r * 0.85);
  c.closePath();
}

function versionMark(c, version, x, y, r) {
  (version ? triangle : circle)(c, x, y, r);
}

function cross(c, x, y, r) {
  c.moveTo(x - r, y - r);
  c.lineTo(x + r, y + r);
  c.moveTo(x + r, y - r);
  c.lineTo(x - r, y + r);
}

function tick(c, x, y, r) {
  c.moveTo(x - r, y);
  c.lineTo(x - r * 0.2, y + r * 0.84);
  c.lineTo(x + r * 1.1, y - r * 0.84);
}

function canvasLike(canvas) {
  // an off-screen canvas of the same size
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  return copy;
}

function element(tag, text, attributes = {}) {
  // text is always a text node: names in a scenario are not ours
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function clock(ms) {
  const total = Math.floor(ms / 1000),
    h = Math.floor(total / 3600),
    m = Math.floor(total / 60) % 60;
  const two = n => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(total % 60)}` : `${m}:${two(total % 60)}`;
}

function speech(words, lang) {
  // how this language writes numbers
  const locale = lang === "fr" ? "fr-FR" : "en-GB",
    thin = "\u202f",
    before = lang === "fr" ? thin : "\u00a0";
  const number = (x, digits = 0) =>
    x
      .toLocaleString(locale, {minimumFractionDigits: digits, maximumFractionDigits: digits})
      .replace(/[,\u00a0\u202f](?=\d{3}(\D|$))/g, thin);
  const significant = x =>
    number(x, x === 0 || Math.abs(x) >= 100 ? 0 : Math.abs(x) >= 10 ? 1 : Math.abs(x) >= 1 ? 1 : 2);
  return {
    number,
    significant,
    percent: (x, digits = 0) => number(x, digits) + before + "%",
    measured: (x, unit) =>
      unit === "%" ? significant(x) + before + "%" : significant(x) + (unit ? "\u00a0" + unit : ""),
    say: (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]),
  };
}
