// An array of any shape as coloured maps: its last two axes are a map, the axes before them tiles.

const WIDTH = 620; // pixels
const HEIGHT = 300; // that the maps of an array should not exceed by much
const GAP = 6;

/** `array` is {shown, shape, part, steps, facts}; the element `at`, if it is shown, gets a frame. */
function arrayView(array, name, about = "", at = null) {
  const { shown, shape, part, facts } = array;
  const title = html("div", { class: "title" }, html("b", {}, name), ` ${shapeText(shape)} `,
    ...(part ? [html("span", { class: "note" }, `shown: ${part}`), " "] : []),
    html("span", { class: "faint" }, about));
  if (!shown.values.length) return html("div", { class: "array" }, title, html("p", { class: "faint" }, "empty"));
  if (!shape.length) return html("div", { class: "array" }, title, html("span", { class: "number" }, format(shown.values[0], 6)));
  const grid = tiles(shown.shape);
  const readout = html("div", { class: "readout number" }, facts);
  const maps = grid.cell >= 30 ? numbered(array, name, grid) : painted(array, name, grid, at, readout);
  return html("div", { class: "array" }, title, html("div", { class: "scroll" }, maps), readout);
}

/** How the maps are laid out: how large a cell is, and how many maps stand side by side. */
function tiles(shape) {
  const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape.slice(-2);
  const count = shape.slice(0, -2).reduce((product, n) => product * n, 1);
  const channels = shape.length > 3 ? shape.at(-3) : 1;
  const layout = (cell) => {
    let across = Math.max(1, Math.min(count, Math.floor((WIDTH + GAP) / (columns * cell + GAP))));
    if (across > channels) across -= across % channels; // a line begins with an image
    return { rows, columns, count, cell, across, down: Math.ceil(count / across) };
  };
  if (count === 1 && columns <= 12 && rows <= 6) return layout(Math.min(52, Math.floor(WIDTH / columns)));
  for (const cell of [22, 16, 12, 9, 7, 5, 4, 3]) {
    const grid = layout(cell);
    if (columns * cell <= WIDTH && grid.down * (rows * cell + GAP) <= HEIGHT) return grid;
  }
  return layout(count === 1 && rows < 20 ? 4 : columns * 2 > WIDTH ? 1 : 2); // and scroll bars
}

/** A small array, each number in its cell. */
function numbered({ shown, steps }, name, { rows, columns, cell }) {
  const at = (row, column) => shown.values[row * columns + column];
  const index = (row, column) => (shown.shape.length === 1 ? [column * steps[0]] : [...shown.shape.slice(0, -2).map(() => 0), row * steps.at(-2), column * steps.at(-1)]);
  const describe = (row, column) => `${name}[${index(row, column).join(", ")}] = ${format(at(row, column), 6)}`;
  return heatMap({ rows, columns, cell, value: at, scale: scaleOf(shown.values), describe, label: name });
}

/** A larger one, painted; the readout tells the number under the pointer. */
function painted({ shown, steps, facts }, name, grid, at, readout) {
  const { rows, columns, count, cell, across, down } = grid;
  const [tileWidth, tileHeight] = [columns * cell + GAP, rows * cell + GAP];
  const canvas = html("canvas", { width: across * tileWidth - GAP, height: down * tileHeight - GAP, role: "img", "aria-label": name });
  const paint = canvas.getContext("2d");
  const scale = scaleOf(shown.values);
  const corner = (tile) => [(tile % across) * tileWidth, Math.floor(tile / across) * tileHeight];
  for (let tile = 0, place = 0; tile < count; tile++) {
    const [left, top] = corner(tile);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, place++) {
        paint.fillStyle = colour(shown.values[place], scale);
        paint.fillRect(left + column * cell, top + row * cell, cell, cell);
      }
    }
    paint.strokeStyle = "#98a3b1";
    paint.strokeRect(left + 0.5, top + 0.5, columns * cell - 1, rows * cell - 1);
  }
  const framed = at && flatPlace(at, shown.shape, steps);
  if (framed !== null && framed !== undefined) {
    const [left, top] = corner(Math.floor(framed / (rows * columns)));
    const [row, column] = [Math.floor(framed / columns) % rows, framed % columns];
    paint.strokeStyle = "#e08a00";
    paint.lineWidth = 2;
    paint.strokeRect(left + column * cell - 1, top + row * cell - 1, cell + 2, cell + 2);
  }
  canvas.addEventListener("mousemove", ({ offsetX: x, offsetY: y }) => {
    const [row, column] = [Math.floor((y % tileHeight) / cell), Math.floor((x % tileWidth) / cell)];
    const tile = Math.floor(y / tileHeight) * across + Math.floor(x / tileWidth);
    const inside = row >= 0 && row < rows && column >= 0 && column < columns && tile < count;
    const place = (tile * rows + row) * columns + column;
    readout.textContent = inside ? `${name}[${indexOf({ shown, steps }, place).join(", ")}] = ${format(shown.values[place], 6)}` : facts;
  });
  canvas.addEventListener("mouseleave", () => { readout.textContent = facts; });
  return canvas;
}

/** The index in the whole array of the shown element at a flat position. */
function indexOf({ shown, steps }, place) {
  const index = [];
  for (let axis = shown.shape.length - 1; axis >= 0; axis--) {
    index[axis] = (place % shown.shape[axis]) * steps[axis];
    place = Math.floor(place / shown.shape[axis]);
  }
  return index;
}

/** The flat position of an index of the whole array; null where it is not shown. */
function flatPlace(at, shape, steps) {
  let place = 0;
  for (let axis = 0; axis < at.length; axis++) {
    const i = at[axis] / steps[axis];
    if (!Number.isInteger(i) || i >= shape[axis]) return null;
    place = place * shape[axis] + i;
  }
  return place;
}

function shapeText(shape) {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}
