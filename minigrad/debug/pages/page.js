// What all pages share: their data, numbers as text, elements, colours, and grids of cells.

/** The page's data. An array in it is {shape, values}, values a typed array in row-major order. */
function pageData() {
  const kinds = { float32: Float32Array, int32: Int32Array, int16: Int16Array };
  const text = document.getElementById("data").textContent;
  return JSON.parse(text, (key, value) => {
    if (value === null || typeof value !== "object" || value.base64 === undefined) return value;
    const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
    return { shape: value.shape, values: new kinds[value.kind](bytes.buffer) };
  });
}

/** A number in so many significant digits, with a minus sign as long as a plus. */
function format(x, digits = 4) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
  const size = Math.abs(x);
  const extreme = size !== 0 && (size < 1e-4 || size >= 10 ** Math.max(digits, 5));
  const text = extreme ? x.toExponential(digits - 1) : String(Number(x.toPrecision(digits)));
  return withMinus(text);
}

function withMinus(text) {
  return text.replaceAll("-", "−").replace("e+", "e");
}

/** A number in at most so many letters: three digits, or fewer. */
function formatWithin(x, letters) {
  for (const digits of [3, 2, 1]) {
    const text = format(x, digits);
    if (text.length <= letters && !(digits === 1 && Math.abs(x) < 0.1)) return text;
  }
  const whole = String(Math.trunc(x)).length + (x < 0 && x > -1 ? 1 : 0);
  if (whole > letters) return withMinus(x.toExponential(0));
  const text = format(Number(x.toFixed(Math.max(0, letters - whole - 1))));
  return text === "0" ? "≈0" : text;
}

/** An HTML element. Attributes that begin with "on" are listeners, those that are null left out. */
function html(tag, attributes = {}, ...children) {
  return furnished(document.createElement(tag), attributes, children);
}

/** An SVG element, likewise. */
function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return furnished(element, attributes, children);
}

function furnished(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The largest absolute value that is finite, 1 if all are 0: what full colour stands for. */
function scaleOf(values) {
  let largest = 0;
  for (const x of values) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
  return largest || 1;
}

/** The unit to write numbers of this scale in: 1, or a power of ten where they are tiny or huge. */
function unitOf(scale) {
  return scale >= 0.02 && scale < 1e4 ? 1 : 10 ** Math.floor(Math.log10(scale));
}

const STOPS = {
  below: [[255, 255, 255], [146, 197, 222], [33, 102, 172]],
  above: [[255, 255, 255], [244, 165, 130], [178, 24, 43]],
};

/** Blue below 0, white at 0, red above: the share of x in `scale`. nan is yellow. */
function colour(x, scale) {
  if (Number.isNaN(x)) return "#ffe066";
  const stops = x < 0 ? STOPS.below : STOPS.above;
  const place = Math.min(Math.abs(x) / scale, 1) * 2;
  const low = Math.min(Math.floor(place), 1);
  const mixed = stops[low].map((a, i) => Math.round(a + (place - low) * (stops[low + 1][i] - a)));
  return `rgb(${mixed.join(",")})`;
}

/** Black or white, whichever can be read on the colour of x. */
function inkOn(x, scale) {
  return Math.abs(x) / scale > 0.62 ? "white" : "#1d2733";
}

const LETTER = 6.7; // the width of a letter in a cell

/**
 * A grid of coloured cells, with numbers where there is room: an <svg> of a <g class="cell"> each.
 * `value(row, column)` is a number, or null for no cell. `describe(row, column)` is shown on
 * pointing. `first`: the [row, column] of the upper left cell, below 0 where there is a rim. The
 * cells hold numbers in units of `unit`.
 * `grid.box(row, column)` is where a cell stands, `mark(grid, row, column, kind)` rings it.
 */
function heatMap({
  rows, columns, cell, value, scale, describe, first = [0, 0], label = "", unit = 1,
}) {
  const cells = [];
  for (let row = first[0]; row < first[0] + rows; row++) {
    for (let column = first[1]; column < first[1] + columns; column++) {
      const x = value(row, column);
      if (x === null) continue;
      const [left, top] = [(column - first[1]) * cell, (row - first[0]) * cell];
      const box = { x: left, y: top, width: cell, height: cell, fill: colour(x, scale) };
      const parts = [svg("rect", box)];
      if (describe) parts.push(svg("title", {}, describe(row, column)));
      if (cell >= 30) {
        const at = { x: left + cell / 2, y: top + cell / 2, fill: inkOn(x, scale) };
        parts.push(svg("text", at, formatWithin(x / unit, Math.floor((cell - 2) / LETTER))));
      }
      cells.push(svg("g", { class: "cell", "data-row": row, "data-column": column }, ...parts));
    }
  }
  const [width, height] = [columns * cell, rows * cell];
  const frame = { class: "grid", width, height, viewBox: `0 0 ${width} ${height}` };
  const grid = svg("svg", { ...frame, role: "img", "aria-label": label }, ...cells);
  grid.box = (row, column) => {
    return { x: (column - first[1]) * cell, y: (row - first[0]) * cell, width: cell, height: cell };
  };
  return grid;
}

/** Put a ring around a cell; `kind` is its class, for the style and to take it away again. */
function mark(grid, row, column, kind) {
  grid.append(svg("rect", { class: `mark ${kind}`, ...grid.box(row, column) }));
}
