// The time machine: steps forward and backward, each with its arrays, its rule and its numbers.

const DATA = pageData();
const { entries, events, arrays } = DATA;
const firstBack = events.findIndex((event) => event.kind !== "forward");
const quiz = { on: false, answered: new Map() }; // step: whether the answer was right
let step = 0;
let timer = null;

const label = (number) => html("b", {}, describe(number));
const out = (number) => (entries[number].formula.startsWith("z") ? "z" : "y");
const indexText = (at) => (at.length ? `[${at.join(", ")}]` : "");

/** What was sent to an entry in a pass of backward, in order. A pass ends with the leaves. */
const passAt = [];
events.forEach((event, at) => passAt.push(at ? passAt[at - 1] + (events[at - 1].kind === "end") : 0));
function senders(entry) {
  const here = events.filter((event, at) => passAt[at] === passAt[step]);
  return here.flatMap((event) => event.sent ?? []).filter((sent) => sent.to === entry);
}

// ---- the numbers -------------------------------------------------------------------------------

/** The place of the largest absolute value among the shown elements, as a flat position. */
function largest(values) {
  let place = 0;
  values.forEach((x, i) => { if (Math.abs(x) > Math.abs(values[place])) place = i; });
  return place;
}

/** dx[2] = dy[2] · ∂y[2]/∂x[2] = 0.5 · 3 = 1.5, or a table where there are several terms. */
function numbers(entry, name, found) {
  const [y, index] = [out(entry), indexText(found.at)];
  if (found.number === 1) {
    const [at, dy, slope] = found.terms[0];
    const from = `${y}${indexText(at)}`;
    return html("p", { class: "terms number" },
      `d${name}${index} = d${from} · ∂${from}/∂${name}${index} = ${format(dy)} · ${format(slope)} = `,
      html("b", {}, format(found.total)));
  }
  if (found.number === 0) {
    return html("p", { class: "terms" }, html("code", {}, `d${name}${index} = 0`), `: no ${y} depends on it here`);
  }
  const rows = found.terms.map(([at, dy, slope]) => row([`d${y}${indexText(at)} = ${format(dy)}`, format(slope), format(dy * slope)]));
  const told = found.terms.reduce((sum, [, dy, slope]) => sum + dy * slope, 0);
  const more = found.number - found.terms.length;
  if (more) rows.push(row([`and ${more} smaller terms`, "", format(found.total - told)]));
  const total = row([`d${name}${index}`, "sum", format(found.total)]);
  total.className = "sum";
  const head = row([`d${y}`, `slope ∂${y}/∂${name}${index}`, "product"], "th");
  return html("table", { class: "terms number" }, head, ...rows, total);
}

function row(texts, tag = "td") {
  return html("tr", {}, ...texts.map((text) => html(tag, {}, text)));
}

/** The numbers of several elements, with a button for each. */
function apart(event, sent) {
  const place = html("div", {});
  const buttons = sent.apart.map((found) => html("button", {
    onclick: (click) => {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === click.currentTarget));
      place.replaceChildren(numbers(event.entry, sent.input, found));
    },
  }, `d${sent.input}${indexText(found.at)}`));
  if (!buttons.length) {
    return html("p", { class: "faint" }, "No numbers: slopes measured here do not add up to this gradient, because of a kink, a border or rounding.");
  }
  buttons[0].click();
  return html("div", { class: "elements" }, "with the numbers: ", ...(buttons.length > 1 ? buttons : []), place);
}

// ---- what a step shows -------------------------------------------------------------------------

function forwardStep({ entry }) {
  const [takes, makes] = values(entry);
  return [
    html("h2", {}, describe(entry)),
    ...source(entry),
    html("div", { class: "part" }, html("h3", {}, "It takes"), takes),
    html("div", { class: "part" }, html("h3", {}, "It makes"), makes),
  ];
}

/** What an op took, and what it made. */
function values(entry) {
  const { inputs, plain, value, name } = entries[entry];
  const views = inputs.map((input) => arrayView(arrays[entries[input.entry].value], input.name, describe(input.entry)));
  views.push(...plain.filter((given) => "array" in given).map((given) => arrayView(arrays[given.array], given.name)));
  const told = plain.filter((given) => "text" in given).map((given) => `${given.name} = ${given.text}`);
  const options = told.length ? [html("p", { class: "number" }, told.join(", "))] : [];
  return [html("div", {}, html("div", { class: "arrays" }, ...views), ...options), arrayView(arrays[value], out(entry), name)];
}

function backwardStep(event) {
  const asked = quiz.on ? question(event) : null;
  const hidden = asked !== null && !quiz.answered.has(step);
  return [
    html("h2", {}, `Backward of ${describe(event.entry)}`),
    ...source(event.entry),
    html("details", { class: "part" }, html("summary", {}, "What it took and made on the way forward"), ...values(event.entry)),
    arrival(event),
    ...(asked ? [ask(event, asked)] : []),
    ...event.sent.map((sent) => sending(event, sent, hidden)),
  ];
}

function source(entry) {
  const { line, source: text, formula, inputs, name } = entries[entry];
  const called = [...inputs.map((input) => [input.name, entries[input.entry].name]), [out(entry), name]];
  const differ = called.filter(([here, there]) => there && here !== there);
  const told = differ.flatMap(([here, there], i) => [i ? ", " : "Here ", html("b", {}, here), " is your ", html("code", {}, there)]);
  return [
    html("code", { class: "source" }, html("span", { class: "faint" }, `${line}  `), text),
    ...(formula ? [html("div", { class: "formula" }, formula)] : []),
    ...(told.length ? [html("p", { class: "called" }, ...told, ".")] : []),
  ];
}

function arrival({ entry, received, gradient, hooked, given }) {
  const name = `d${out(entry)}`;
  const children = [html("h3", {}, `${name} has arrived`)];
  const start = given ? "with the gradient that it was given." : "with the gradient of the loss by itself, which is 1.";
  if (!received.length) children.push(html("p", {}, "Backward starts here, ", start));
  children.push(...contributions(name, received, gradient));
  if (hooked) children.push(html("p", { class: "note" }, "A hook has changed the sum."));
  children.push(arrayView(arrays[gradient], name));
  return html("div", { class: "part", id: "arrival" }, ...children);
}

/** From whom a gradient came, and at its largest element the sum in numbers. */
function contributions(name, received, gradient) {
  const from = ({ from: sender, input }) => [label(sender), `, as its d${input}`];
  if (received.length === 1) return [html("p", {}, "from ", ...from(received[0]))];
  if (!received.length) return [];
  const place = largest(arrays[gradient].shown.values);
  const at = `${name}${indexText(indexOf(arrays[gradient], place))}`;
  const value = (sent) => arrays[sent.gradient].shown.values[place];
  const rows = received.map((sent) => html("tr", {}, html("td", {}, ...from(sent)), html("td", {}, format(value(sent)))));
  const total = received.reduce((sum, sent) => sum + value(sent), 0);
  const last = html("tr", { class: "sum" }, html("td", {}, "sum"), html("td", {}, format(total)));
  const table = html("table", { class: "contributions" }, html("tr", {}, html("th", {}, `${received.length} contributions`), html("th", {}, at)), ...rows, last);
  const views = received.map((sent) => arrayView(arrays[sent.gradient], name, `from ${describe(sent.from)}`));
  return [table, html("div", { class: "arrays" }, ...views)];
}

function sending(event, sent, hidden) {
  const all = senders(sent.to);
  const [nth, many] = [all.indexOf(sent) + 1, all.length];
  const part = html("div", { class: "part sent" },
    html("h3", {}, `d${sent.input}, to `, label(sent.to), many > 1 ? ` (contribution ${nth} of ${many})` : ""));
  if (sent.rule) part.append(html("div", { class: "formula" }, sent.rule));
  if (hidden) part.append(html("p", { class: "faint" }, "hidden until you have answered"));
  else part.append(apart(event, sent), arrayView(arrays[sent.gradient], `d${sent.input}`, "", sent.apart[0]?.at));
  return part;
}

function endStep({ leaves }) {
  const note = html("p", { class: "note" }, "A hook of the leaf may change it before it goes into .grad.");
  const parts = leaves.map(({ entry, received, gradient, hooked }) => html("div", { class: "part leaf" },
    html("h3", {}, label(entry), " has its gradient"),
    ...contributions("grad", received, gradient),
    ...(hooked ? [note.cloneNode(true)] : []),
    arrayView(arrays[gradient], "grad")));
  const added = passAt[step] ? [html("p", {}, "They are added to what .grad holds, unless zero_grad() has emptied it.")] : [];
  return [html("h2", {}, "The leaves have their gradients"), ...added, ...parts];
}

// ---- quiz --------------------------------------------------------------------------------------

/** What to ask at a step: the element with the fewest terms; null where there is none. */
function question(event) {
  const asked = event.sent.filter((sent) => sent.apart.length).map((sent) => ({ sent, found: sent.apart[0] }));
  return asked.sort((a, b) => a.found.number - b.found.number)[0] ?? null;
}

function ask(event, { sent, found }) {
  const y = out(event.entry);
  const what = `d${sent.input}${indexText(found.at)}`;
  const field = html("input", { type: "text", inputmode: "decimal", "aria-label": what });
  const verdict = html("span", {});
  const here = step;
  const close = (answer) => Math.abs(answer - found.total) <= 0.02 * Math.abs(found.total) + 1e-12;
  const settle = (right) => { quiz.answered.set(here, right); show(here); };
  const check = () => {
    const answer = Number(field.value.replace("−", "-").replace(",", ".") || NaN);
    const why = Number.isNaN(answer) ? "write a number, such as 0.5" : "not yet: try again, or look";
    if (close(answer)) settle(true);
    else verdict.replaceChildren(html("span", { class: "wrong" }, why));
  };
  const factors = found.terms.map(([at, dy, slope]) => `d${y}${indexText(at)} = ${format(dy)} with slope ${format(slope)}`);
  const more = found.number > found.terms.length ? ` and ${found.number - found.terms.length} smaller ones` : "";
  const hint = html("details", {}, html("summary", {}, "hint"), `${factors.join("; ")}${more}`);
  field.addEventListener("keydown", (key) => { if (key.key === "Enter") check(); });
  const done = quiz.answered.get(here);
  const right = [...quiz.answered.values()].filter(Boolean).length;
  const controls = done === undefined
    ? [field, " ", html("button", { class: "check", onclick: check }, "check"), " ", html("button", { class: "look", onclick: () => settle(false) }, "look"), " ", verdict, hint]
    : [html("b", { class: done ? "right" : "wrong" }, done ? `right: ${format(found.total)}` : `it is ${format(found.total)}`)];
  return html("div", { class: "part quiz" }, html("h3", {}, `What is ${what}?`), ...controls,
    html("p", { class: "faint" }, `${right} of ${quiz.answered.size} right so far; 2% off is near enough`));
}

// ---- the page ----------------------------------------------------------------------------------

const graph = new Graph(entries, (number) => {
  const kind = step >= firstBack && firstBack >= 0 ? "backward" : "forward";
  const at = events.findLastIndex((event) => event.kind === kind && event.entry === number);
  show(at >= 0 ? at : events.findIndex((event) => event.entry === number));
});
const details = html("div", { id: "details", class: "panel", tabindex: "0", "aria-live": "polite" });
const slider = html("input", { type: "range", min: 0, max: events.length - 1, "aria-label": "step", oninput: () => show(Number(slider.value)) });
const where = html("span", { class: "where" });
const button = (text, title, onclick) => html("button", { title, onclick }, text);
const playing = button("play", "space", play);
const quizzing = button("quiz", "q: hide each gradient and ask for it", toggleQuiz);

function show(number) {
  step = Math.max(0, Math.min(events.length - 1, number));
  const event = events[step];
  const states = new Map();
  for (const { kind, entry, sent, leaves } of events.slice(0, step + 1)) {
    if (kind === "forward") states.set(entry, "made");
    if (kind === "backward") states.set(entry, "done");
    for (const { to } of sent ?? []) states.set(to, "waiting");
    for (const leaf of leaves ?? []) states.set(leaf.entry, "done");
  }
  const inputs = event.kind === "forward" ? entries[event.entry].inputs.map((input) => input.entry) : (event.sent ?? []).map((sent) => sent.to);
  graph.show(states, event.entry, new Set(inputs.map((input) => `${input}-${event.entry}`)));
  const shows = { forward: forwardStep, backward: backwardStep, end: endStep };
  details.replaceChildren(...shows[event.kind](event));
  details.scrollTop = 0;
  slider.value = step;
  const same = events.filter((other) => other.kind === event.kind);
  const kind = event.kind === "end" ? "the end of backward" : event.kind;
  where.textContent = kind + (event.kind === "end" && same.length === 1 ? "" : ` ${same.indexOf(event) + 1} of ${same.length}`);
}

function play() {
  clearInterval(timer);
  timer = timer === null ? setInterval(() => (step < events.length - 1 ? show(step + 1) : play()), 900) : null;
  playing.textContent = timer === null ? "play" : "pause";
}

function toggleQuiz() {
  quiz.on = !quiz.on;
  quizzing.setAttribute("aria-pressed", String(quiz.on));
  show(quiz.on && step < firstBack ? firstBack : step);
}

let folded = false;
const KEYS = {
  ArrowRight: () => show(step + 1),
  ArrowLeft: () => show(step - 1),
  Home: () => show(0),
  End: () => show(events.length - 1),
  " ": play,
  q: toggleQuiz,
  b: () => show(firstBack),
  f: () => graph.foldAll((folded = !folded)),
};
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input[type=text]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.matches("button, summary")) return;
  if (!KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.getElementById("page").append(
  html("h1", {}, document.title),
  html("p", { class: "faint" }, "← → steps, space plays, b goes to the first backward, f folds the layers, q asks. Blue is below 0, red above."),
  ...(DATA.cut ? [html("p", { class: "note" }, "Large arrays are shown in part, to keep this page small: what is shown of them stands beside their shape, as [:1] or [::2, ::2].")] : []),
  html("div", { class: "controls" }, button("◀", "left arrow", KEYS.ArrowLeft), playing, button("▶", "right arrow", KEYS.ArrowRight), slider, where, quizzing, button("fold", "f: fold the layers", KEYS.f)),
  html("div", { class: "halves" }, html("div", { id: "graph", class: "panel" }, graph.element), details),
);
show(0);
