// The graph of a tape: a row for each op, in groups by layer that fold, and arcs from input to op.

const GUTTER = 76; // pixels at the left, where the arcs run

class Graph {
  /** `entries` as in the page's data; `pick(number)` is called when a row is clicked. */
  constructor(entries, pick) {
    this.entries = entries;
    this.rows = new Map();
    this.arcs = svg("svg", { class: "arcs", "aria-hidden": "true" });
    this.element = html("div", { class: "graph" }, this.arcs);
    const open = [{ key: null, members: this.element }];
    entries.forEach((entry, number) => {
      if (!entry.op) return;
      const same = entry.layers.findIndex((layer, depth) => open[depth + 1]?.key !== layer.key);
      open.length = (same < 0 ? entry.layers.length : same) + 1;
      for (const layer of entry.layers.slice(open.length - 1)) {
        open.push({ key: layer.key, members: this.addGroup(layer, open.at(-1).members) });
      }
      const row = html("button", { class: "op", onclick: () => pick(number) }, ...this.inside(number));
      row.title = `${entry.op} at ${entry.line}: ${entry.source}`;
      this.rows.set(number, row);
      open.at(-1).members.append(row);
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  addGroup(layer, parent) {
    const members = html("div", { class: "members" });
    const title = `${layer.path} ${layer.kind}`.trim();
    const head = html("button", { class: "fold", "aria-expanded": "true", title }, title);
    head.addEventListener("click", () => this.fold(group, !group.classList.contains("folded")));
    const group = html("div", { class: "group" }, head, members);
    parent.append(group);
    return members;
  }

  /** Fold a group to its head line, or unfold it. */
  fold(group, folded) {
    group.classList.toggle("folded", folded);
    group.firstChild.setAttribute("aria-expanded", String(!folded));
    this.draw();
  }

  /** Fold every innermost group, or unfold all. */
  foldAll(folded) {
    for (const group of this.element.querySelectorAll(".group")) {
      this.fold(group, folded && !group.querySelector(".group"));
    }
  }

  inside(number) {
    const { op, name, value, inputs } = this.entries[number];
    const outside = inputs.filter((input) => !this.entries[input.entry].op);
    return [
      html("b", {}, op),
      html("span", { class: "number" }, shapeText(DATA.arrays[value].shape)),
      ...(name ? [html("span", { class: "name" }, name)] : []),
      ...outside.map((input) => this.chip(input)),
    ];
  }

  chip(input) {
    const entry = this.entries[input.entry];
    const text = entry.name || input.name;
    const kind = entry.gradient ? "leaf" : "data";
    return html("span", { class: `chip ${kind}`, "data-entry": input.entry, title: describe(input.entry) }, text);
  }

  /** Show a state: a class for each row and chip, the row of this step, and the arcs in use. */
  show(states, now, used) {
    for (const [number, row] of this.rows) {
      row.dataset.state = states.get(number) ?? "";
      row.toggleAttribute("data-now", number === now);
    }
    for (const chip of this.element.querySelectorAll(".chip")) {
      chip.dataset.state = states.get(Number(chip.dataset.entry)) ?? "";
    }
    this.used = used;
    this.draw();
    this.anchor(now)?.scrollIntoView({ block: "nearest" });
  }

  /** The element that stands for an op: its row, or the outermost folded group around it. */
  anchor(number) {
    let found = this.rows.get(number);
    for (let up = found?.parentElement; up && up !== this.element; up = up.parentElement) {
      if (up.classList.contains("folded")) found = up.firstChild;
    }
    return found;
  }

  draw() {
    const top = this.element.getBoundingClientRect().top;
    const middle = (element) => {
      const box = element.getBoundingClientRect();
      return box.top - top + box.height / 2;
    };
    const [height, drawn, paths, dots] = [this.element.scrollHeight, new Set(), [], new Map()];
    for (const [number, row] of this.rows) {
      const to = this.anchor(number);
      const known = dots.get(to);
      dots.set(to, row.hasAttribute("data-now") ? "now" : known === "now" ? known : row.dataset.state);
      for (const { entry } of this.entries[number].inputs) {
        const from = this.anchor(entry);
        if (!from || from === to) continue;
        const hot = this.used?.has(`${entry}-${number}`);
        const [a, b] = [middle(from), middle(to)];
        const key = `${a}-${b}-${hot}`;
        if (drawn.has(key)) continue;
        drawn.add(key);
        const x = GUTTER - 12;
        const away = x - Math.min(x - 4, 8 + 2.2 * Math.sqrt(Math.abs(b - a)));
        const path = `M${x},${a} C${away},${a} ${away},${b} ${x},${b}`;
        paths.push(svg("path", { d: path, class: hot ? "arc hot" : "arc" }));
      }
    }
    const circles = [...dots].map(([element, state]) =>
      svg("circle", { cx: GUTTER - 12, cy: middle(element), r: 5, class: `dot ${state}` }));
    paths.sort((a, b) => a.classList.contains("hot") - b.classList.contains("hot"));
    this.arcs.setAttribute("height", 0);
    this.arcs.setAttribute("height", Math.max(height, this.element.clientHeight));
    this.arcs.replaceChildren(...paths, ...circles);
  }
}

/** An entry in words: "conv2d in features.0 at net.py:12", or "features.0.weight (6, 1, 5, 5)". */
function describe(number) {
  const { op, name, line, layers, value, gradient } = DATA.entries[number];
  if (!op) return `${name || (gradient ? "a leaf" : "data")} ${shapeText(DATA.arrays[value].shape)}`;
  const path = layers.at(-1)?.path;
  return `${op}${name ? ` (${name})` : ""}${path ? ` in ${path}` : ""} at ${line}`;
}
