// What the microscope's page adds up, and its grids. o and c count output and input channels, q and i
// output and input pixels, t the kernel's taps, r the reads: rows of the data that say which pixel a
// tap reads for which output. Pixels, taps and places in the frame (input and padding) count in
// row-major order.

const data = pageData();
const [size, out, kernel] = [data.x.shape.slice(1), data.y.shape.slice(1), data.kernel];
const [inputs, shown, reads] = [data.x.shape[0], data.y.shape[0], data.outputs.values.length];
const weighted = data.w !== null;
const each = weighted ? data.w.shape[1] : 1; // input channels that an output channel reads
const rim = data.kind === "maximum" ? -Infinity : 0; // what zero padding counts as
const state = { forward: true, o: 0, c: 0, q: middle(out), i: middle(size) };

function middle(sizes) {
  return number(sizes.map((n) => Math.floor((n - 1) / 2)), sizes);
}

function area([planes, rows, columns]) {
  return planes * rows * columns;
}

function number([plane, row, column], sizes) {
  return (plane * sizes[1] + row) * sizes[2] + column;
}

function place(index, sizes) {
  const row = Math.floor(index / sizes[2]);
  return [Math.floor(row / sizes[1]), row % sizes[1], index % sizes[2]];
}

/** Such as "x[0, 3, 4]"; without a letter "(3, 4)". */
function name(index, sizes, letter = "", channel = null) {
  const at = place(index, sizes).slice(3 - data.dims);
  return letter ? `${letter}[${[channel, ...at].join(", ")}]` : `(${at.join(", ")})`;
}

// ---- what is added up

function firstChannel(o) {
  return Math.floor(o / (data.channels / data.groups)) * each;
}

function channelsOf(o) {
  return Array.from({ length: each }, (_, j) => firstChannel(o) + j);
}

function outputsOf(c) {
  return [...Array(shown).keys()].filter((o) => channelsOf(o).includes(c));
}

function weightOf(o, c, t) {
  return weighted ? data.w.values[(o * each + c - firstChannel(o)) * area(kernel) + t] : 1;
}

/** Of a table that has a row for each set of channels that read alike, or one for all. */
function entry(table, c, r) {
  const sheet = table.shape[0] > 1 ? Math.floor((c * data.sheets) / inputs) : 0;
  return table.values[sheet * reads + r];
}

/** What read r adds to output channel o from input channel c, and to the gradient of c from o. */
function term(o, c, r) {
  const [q, t, i] = [data.outputs.values[r], data.taps.values[r], entry(data.pixels, c, r)];
  const factor = data.factors === null ? 1 : entry(data.factors, c, r);
  const x = i < 0 ? rim : data.x.values[c * area(size) + i];
  const [w, dy] = [weightOf(o, c, t), data.dy.values[o * area(out) + q]];
  const none = i < 0 || factor === 0; // 0 * inf would be nan
  const product = none ? 0 : (state.forward ? x : dy) * w * factor;
  return { o, c, r, q, t, i, x, w, dy, factor, product, at: entry(data.places, c, r) };
}

const begins = new Int32Array(area(out) + 1); // output q has the reads begins[q] to begins[q + 1]
for (const q of data.outputs.values) begins[q + 1]++;
for (let q = 0; q < area(out); q++) begins[q + 1] += begins[q];
if (begins[state.q] === begins[state.q + 1]) state.q = data.outputs.values[reads >> 1] ?? 0;

/** The terms of the chosen pixel, between an output and an input channel. */
function termsOf(o, c) {
  if (state.forward) {
    const count = begins[state.q + 1] - begins[state.q];
    return Array.from({ length: count }, (_, j) => term(o, c, begins[state.q] + j));
  }
  const found = [];
  for (let r = 0; r < reads; r++) {
    if (entry(data.pixels, c, r) === state.i) found.push(term(o, c, r));
  }
  return found.filter(({ factor }) => factor !== 0 || data.kind === "maximum");
}

function sum(terms) {
  return terms.reduce((total, { product }) => total + product, 0);
}

// ---- the grids

const pixelAt = new Int32Array(area(data.frame)).fill(-1); // what stands at a place of the frame
for (let r = 0; r < reads; r++) {
  if (entry(data.places, 0, r) >= 0) pixelAt[entry(data.places, 0, r)] = entry(data.pixels, 0, r);
}

/** A place of the frame as [plane, row, column] of the input, negative in the padding before it. */
function placeInFrame(at) {
  return place(at, data.frame).map((n, axis) => n + data.first[axis]);
}

function inputGrid(c) {
  const [letter, { values }] = state.forward ? ["x", data.x] : ["dx", data.dx];
  const plane = place(state.i, size)[0];
  const inside = (row, column) => row >= 0 && row < size[1] && column >= 0 && column < size[2];
  const value = (row, column) => {
    if (inside(row, column)) return values[c * area(size) + number([plane, row, column], size)];
    if (!state.forward) return null; // what the padding receives is lost
    const at = [plane, row, column].map((n, axis) => n - data.first[axis]);
    const i = pixelAt[number(at, data.frame)];
    return i < 0 ? rim : values[c * area(size) + i];
  };
  return pickable(size, (index) => Object.assign(state, { i: index, forward: false }), plane, {
    rows: data.frame[1], columns: data.frame[2], first: data.first.slice(1), value, width: 440,
    scale: scaleOf(values), label: "input", letter, channel: c, inside,
  });
}

function outputGrid(o) {
  const [letter, { values }] = state.forward ? ["y", data.y] : ["dy", data.dy];
  const plane = place(state.q, out)[0];
  const index = (row, column) => number([plane, row, column], out);
  const grid = pickable(out, (index) => Object.assign(state, { q: index, forward: true }), plane, {
    rows: out[1], columns: out[2], width: 360, label: "output", letter, channel: o,
    value: (row, column) => values[o * area(out) + index(row, column)], inside: () => true,
    scale: scaleOf(values) * (state.forward ? 1 : 2), // pale, that ones do not outshine the rings
  });
  for (let q = index(0, 0); q < index(0, 0) + out[1] * out[2]; q++) {
    if (begins[q] === begins[q + 1]) mark(grid, ...place(q, out).slice(1), "untouched");
  }
  return grid;
}

/** A grid of one plane of a map, whose cells can be clicked. */
function pickable(sizes, pick, plane, { width, letter, channel, inside, ...options }) {
  const grid = heatMap({
    ...options,
    unit: unitOf(options.scale),
    cell: cellSize(Math.max(options.rows, options.columns), width),
    describe: (row, column) => {
      const index = number([plane, row, column], sizes);
      const own = inside(row, column) ? name(index, sizes, letter, channel) : "padding";
      return `${own} = ${format(options.value(row, column))}`;
    },
  });
  for (const cell of grid.querySelectorAll(".cell")) {
    const [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
    if (!inside(row, column)) cell.classList.add("rim");
    else cell.addEventListener("click", () => (pick(number([plane, row, column], sizes)), draw()));
  }
  return Object.assign(grid, { unit: unitOf(options.scale) });
}

function cellSize(count, width) {
  return Math.max(6, Math.min(42, Math.floor(width / count)));
}

/** A plane of the kernel, filled by value(t); null for no cell. */
function tapGrid(label, plane, value) {
  const [, rows, columns] = kernel;
  const at = (row, column) => number([plane, row, column], kernel);
  const all = Array.from({ length: area(kernel) }, (_, t) => value(t) ?? 0);
  const scale = scaleOf(all);
  const grid = heatMap({
    rows, columns, label, scale, unit: unitOf(scale), cell: cellSize(Math.max(rows, columns), 210),
    value: (...place) => value(at(...place)),
    describe: (...place) => `tap ${name(at(...place), kernel)}: ${format(value(at(...place)))}`,
  });
  for (const cell of grid.querySelectorAll(".cell")) {
    const t = at(Number(cell.dataset.row), Number(cell.dataset.column));
    cell.addEventListener("mouseenter", () => point(t));
  }
  return Object.assign(grid, { unit: unitOf(scale) });
}
