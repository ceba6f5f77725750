// The page of debug.microscope: the pixel that is chosen, in the grids, in tables, and summed.

let [grids, terms] = [{}, []]; // what is shown; the terms between the two channels that are shown

function draw() {
  if (!channelsOf(state.o).includes(state.c)) state.c = firstChannel(state.o);
  const { forward, o, c } = state;
  terms = termsOf(o, c);
  const byTap = Map.groupBy(terms, ({ t }) => t);
  const filled = (value) => (t) => (byTap.has(t) ? value(byTap.get(t)) : null);
  grids = {
    input: kept("input", [forward, c, shownPlane("i")], () => inputGrid(c)),
    output: kept("output", [forward, o, shownPlane("q")], () => outputGrid(o)),
  };
  if (weighted) {
    grids.kernel = tapGrid("kernel", shownPlane("t"), (t) => weightOf(o, c, t));
    if (terms.length) grids.products = tapGrid("products", shownPlane("t"), filled(sum));
  } else if (forward) {
    const value = filled(([{ x }]) => (x === -Infinity ? null : x));
    grids.window = tapGrid("window", shownPlane("t"), value);
  }
  const at = (channel, of) => [channel, ...(data.dims === 3 ? [shownPlane(of)] : [])].join(", ");
  const titles = {
    input: `${forward ? "Input x" : "Gradient of the input, dx"}[${at(c, "i")}]`,
    output: `${forward ? "Output y" : "Gradient of the output, dy"}[${at(o, "q")}]`,
    kernel: `Kernel w[${o}, ${at(c, "t")}]`,
    products: `${forward ? "x" : "dy"} · w`,
    window: `Window of x[${at(c, "i")}]`,
  };
  const strays = data.points ? "moved" : null; // taps may lie far outside
  const unit = (id) => (grids[id].unit === 1 ? "" : `, in ${grids[id].unit.toExponential(0)}`);
  const panel = (id) => {
    const title = html("h2", {}, titles[id] + withMinus(unit(id)));
    return html("div", { id, class: strays }, title, grids[id]);
  };
  const between = Object.keys(grids).filter((key) => key !== "input" && key !== "output");
  document.getElementById("figure").replaceChildren(
    panel("input"), html("div", { class: "between" }, ...between.map(panel)), panel("output"),
  );
  markTerms();
  document.getElementById("details").replaceChildren(...details());
  showState();
}

/** The grid of the last time where it shows the same, without its marks; large ones take long. */
function kept(key, shows, make) {
  const old = grids[key];
  if (old?.shows !== shows.join()) return Object.assign(make(), { shows: shows.join() });
  for (const mark of old.querySelectorAll(".mark:not(.untouched)")) mark.remove();
  return old;
}

/** Which plane the grids show: of the input "i", the output "q" or the kernel "t". */
function shownPlane(of) {
  if (of === "i") return place(state.i, size)[0];
  if (of === "q") return place(state.q, out)[0];
  const first = terms.find(({ at, q }) => {
    if (!state.forward) return place(q, out)[0] === shownPlane("q");
    return at >= 0 && placeInFrame(at)[0] === shownPlane("i");
  });
  return first ? place(first.t, kernel)[0] : 0;
}

function ring(key, [plane, row, column], kind) {
  const of = { input: "i", output: "q" }[key] ?? "t";
  if (grids[key] && plane === shownPlane(of)) mark(grids[key], row, column, kind);
}

function ringTerm(one, kind) {
  if (state.forward && one.at >= 0) ring("input", placeInFrame(one.at), kind);
  if (!state.forward) ring("output", place(one.q, out), kind);
  for (const key of ["kernel", "products", "window"]) ring(key, place(one.t, kernel), kind);
}

function markTerms() {
  for (const one of terms) {
    ringTerm(one, data.kind === "maximum" && one.factor === 0 ? "lost" : "read");
    if (data.points && state.forward) arrow(one);
  }
  if (state.forward) ring("output", place(state.q, out), "picked");
  else ring("input", place(state.i, size), "picked");
}

/** Where a deformable tap would read if it did not move, and the point that it samples. */
function moved({ c, r }) {
  const [tap, sheet] = [r >> 2, Math.floor((c * data.sheets) / inputs)]; // four reads a tap
  const pair = ({ values }, at) => values.subarray(2 * at, 2 * at + 2);
  return [pair(data.origins, tap), pair(data.points, (sheet * reads) / 4 + tap)];
}

function arrow(one) {
  const [from, to] = moved(one).map((at) => grids.input.box(...at));
  const half = from.width / 2;
  const ends = { x1: from.x + half, y1: from.y + half, x2: to.x + half, y2: to.y + half };
  grids.input.append(
    svg("line", { class: "mark arrow", ...ends }),
    svg("circle", {
      class: "mark sample", cx: ends.x2, cy: ends.y2, r: 3.5, onmouseenter: () => point(one.t),
    }),
  );
}

/** Tap t is pointed at: show it in all grids and in the table. */
function point(t) {
  for (const old of document.querySelectorAll(".mark.pointed")) old.remove();
  for (const row of document.querySelectorAll("tr[data-tap]")) {
    row.classList.toggle("pointed", Number(row.dataset.tap) === t);
  }
  const here = terms.filter((one) => one.t === t);
  for (const one of here) ringTerm(one, "pointed");
  if (data.points && state.forward) document.getElementById("tap").textContent = bilinear(here);
}

/** The four pixels around the point of a deformable tap, and what each counts. */
function bilinear(four) {
  const [, [y, x]] = moved(four[0]);
  const mask = four.reduce((all, { factor }) => all + factor, 0); // the shares alone add up to 1
  const parts = four.map((one) => {
    const share = format(mask ? one.factor / mask : 0, 3);
    return `${share}·${one.i < 0 ? "0" : name(one.i, size, "x", one.c)}`;
  });
  const value = four.reduce((all, one) => all + one.factor * one.x, 0);
  const masked = data.masked ? `mask ${format(mask)} · (${parts.join(" + ")})` : parts.join(" + ");
  const where = `Tap ${name(four[0].t, kernel)} reads at (${format(y)}, ${format(x)})`;
  return `${where}: ${masked} = ${format(value)}`;
}

// ---- sums and tables

const RULES = {
  convolution: ["y = Σ x · w + b", "dx = Σ dy · w, over all outputs whose window holds the pixel"],
  transposed: ["y = Σ x · w + b, over all input pixels that lay their kernel here",
               "dx = Σ dy · w, over the outputs that the pixel lays its kernel on"],
  deformable: ["y = Σ w · x at the moved point, mixed from four pixels, + b",
               "dx = Σ dy · w · share"],
  maximum: ["y = the greatest x of the window, the first of equal ones",
            "dx = Σ dy of the windows that the pixel wins"],
  average: ["y = Σ x · share of the window", "dx = Σ dy · share"],
};
const MOST_CHIPS = 16;

function details() {
  const { forward, o, c, q, i } = state;
  const channels = forward ? channelsOf(o) : outputsOf(c);
  const sums = channels.map((k) => sum(forward ? termsOf(o, k) : termsOf(k, c)));
  const bias = forward && data.b !== null ? data.b.values[o] : null;
  const all = sums.reduce((a, b) => a + b, bias ?? 0);
  const empty = forward && begins[q] === begins[q + 1] && data.kind === "maximum";
  const map = forward ? data.y.values : data.dx.values;
  const given = forward ? map[o * area(out) + q] : map[c * area(size) + i];
  const letter = forward ? name(q, out, "y", o) : name(i, size, "dx", c);
  const chips = channels.map((k, j) => {
    const choose = () => (forward ? (state.c = k) : (state.o = k), draw());
    const pressed = String(k === (forward ? c : o));
    const label = `${forward ? "x" : "dy"}[${k}]: ${format(sums[j])}`;
    return html("button", { "aria-pressed": pressed, onclick: choose }, label);
  });
  const more = channels.length - MOST_CHIPS;
  const rule = RULES[data.kind][forward ? 0 : 1].replace(/,? \+ b/, data.b === null ? "" : "$&");
  return [
    html("h2", {}, html("code", {}, letter), html("span", { class: "faint" }, rule)),
    html("p", { class: "sum" }, ...chips.slice(0, MOST_CHIPS),
      more > 0 ? `and ${more} more channels` : "",
      bias === null ? "" : html("span", { class: "bias" }, `bias: ${format(bias)}`),
      forward && data.kind === "maximum" ? "the greatest is" : "add up to",
      html("output", { id: "sum" }, format(empty ? -Infinity : all, 5)),
      html("span", { class: "faint" }, forward ? "The layer gives " : "backward() gives ",
        html("span", { id: "given" }, format(given, 5)))),
    html("p", { id: "tap" }, data.points && forward ? "Point at a tap: its four pixels." : ""),
    terms.length
      ? html("div", { class: "tables" }, ...tables())
      : html("p", { class: "note" }, nothing()),
  ];
}

function nothing() {
  if (!state.forward) return "No output reads this pixel: its gradient is 0.";
  const reason = "No input pixel lays a tap here: this pixel stays untouched";
  return data.b === null ? `${reason} and is 0.` : `${reason} and holds the bias alone.`;
}

/** A table for each row of the kernel. */
function tables() {
  const rows = deformed(terms);
  const byRow = Map.groupBy(rows, ({ t }) => Math.floor(t / kernel[2]));
  const heads = ["tap", state.forward ? "reads" : "from", state.forward ? "x" : "dy"];
  if (weighted) heads.push("w");
  const shares = data.factors !== null && !(data.points && state.forward);
  if (shares) heads.push(data.kind === "maximum" ? "wins" : "share");
  const line = (tag, texts) => texts.map((text) => html(tag, {}, text));
  return [...byRow.values()].map((group) =>
    html("table", {}, html("tr", {}, ...line("th", [...heads, "product"])), ...group.map((one) => {
      const cells = [name(one.t, kernel), source(one), format(state.forward ? one.x : one.dy)];
      if (weighted) cells.push(`· ${format(one.w)}`);
      if (shares) cells.push(`· ${format(one.factor, 3)}`);
      const listen = { "data-tap": one.t, onmouseenter: () => point(one.t) };
      return html("tr", listen, ...line("td", [...cells, format(one.product)]));
    })));
}

/** Forward, the four reads of a deformable tap as one: the value at its point. */
function deformed(all) {
  if (!data.points || !state.forward) return all;
  return [...Map.groupBy(all, ({ t }) => t).values()].map((four) => {
    const x = four.reduce((value, one) => value + one.factor * one.x, 0);
    return { ...four[0], x, product: sum(four) };
  });
}

function source(one) {
  if (!state.forward) return name(one.q, out, "dy", one.o);
  if (data.points) return `(${[...moved(one)[1]].map((n) => format(n, 3)).join(", ")})`;
  if (one.i < 0) return "padding";
  const folded = placeInFrame(one.at).join() !== place(one.i, size).join();
  return name(one.i, size, "x", one.c) + (folded ? " in the padding" : "");
}

// ---- what stands around it

function chooser(id, label, count, pick) {
  const options = Array.from({ length: count }, (_, k) => html("option", { value: k }, k));
  const onchange = ({ target }) => (pick(Number(target.value)), draw());
  const select = html("select", { id, onchange }, ...options);
  return html("label", { hidden: count === 1 ? "" : null }, `${label} `, select);
}

function toPlane(index, sizes, plane) {
  return number([plane, ...place(index, sizes).slice(1)], sizes);
}

function showState() {
  const { o, c, forward } = state;
  const values = { o, c, "plane-in": shownPlane("i"), "plane-out": shownPlane("q") };
  for (const [id, value] of Object.entries(values)) document.getElementById(id).value = value;
  for (const id of ["forward", "backward"]) {
    const pressed = String((id === "forward") === forward);
    document.getElementById(id).setAttribute("aria-pressed", pressed);
  }
}

const way = (id, label) =>
  html("button", { id, onclick: () => ((state.forward = id === "forward"), draw()) }, label);

document.getElementById("page").classList.add(data.kind);
document.getElementById("page").append(
  html("h1", {}, "The convolution microscope"),
  html("p", {}, html("code", {}, data.layer)),
  html("p", { class: "faint" }, "Size of the output. ", html("code", {}, data.formula.join("; "))),
  ...data.notes.map((line) => html("p", { class: "note" }, line)),
  html("div", { class: "controls" },
    way("forward", "Forward: an output pixel"), way("backward", "Backward: an input pixel"),
    chooser("c", "input channel", firstChannel(shown - 1) + each, (c) => {
      state.c = c;
      if (!channelsOf(state.o).includes(c)) state.o = outputsOf(c)[0] ?? state.o;
    }),
    chooser("plane-in", "input depth", size[0], (plane) => {
      state.i = toPlane(state.i, size, plane);
    }),
    chooser("o", "output channel", shown, (o) => (state.o = o)),
    chooser("plane-out", "output depth", out[0], (plane) => {
      state.q = toPlane(state.q, out, plane);
    }),
    html("span", { class: "faint" },
      "Click a pixel, or use the arrow keys. Blue is below 0, red above.")),
  html("div", { id: "figure", class: "panel" }),
  html("div", { id: "details", class: "panel" }),
  svg("svg", { width: 0, height: 0 },
    svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      svg("path", { d: "M0,6L6,0", stroke: "#667282" }))),
);

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (!(event.key in MOVES) || event.target.tagName === "SELECT") return;
  event.preventDefault();
  const [key, sizes] = state.forward ? ["q", out] : ["i", size];
  const at = [0, ...MOVES[event.key]].map((step, axis) => place(state[key], sizes)[axis] + step);
  if (at.every((n, axis) => n >= 0 && n < sizes[axis])) state[key] = number(at, sizes);
  draw();
});

draw();
