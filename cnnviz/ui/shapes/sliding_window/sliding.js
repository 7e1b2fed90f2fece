// The window sliding over a small input, one output at a time.

const UNIT = 36
const [PAD, HOLE, BEYOND] = [-1, -2, -3]
const minus = (number) => String(number).replace("-", "−")
const factor = (number) => (number < 0 ? `(${minus(number)})` : String(number))

const figure = (title, ...content) => {
  const node = element("figure")
  const caption = element("figcaption", "", title)
  node.append(caption, ...content)
  return node
}

const cell = (row, column, size = UNIT) => {
  const box = shape("rect", { x: 1.5, y: 1.5, width: size - 3, height: size - 3, rx: 4 })
  const text = shape("text", { x: size / 2, y: size / 2 + 0.5, class: "value" })
  const weight = shape("text", { x: size - 4, y: size - 5, class: "weight" })
  const group = shape("g", { transform: `translate(${column * size} ${row * size})`, class: "cell" }, box, text, weight)
  return { group, text, weight }
}

const grid = (rows, columns, label, edge = 0) => {
  const width = columns * UNIT + edge + 2
  const height = rows * UNIT + edge + 2
  const svg = shape("svg", {
    viewBox: `${-edge} ${-edge} ${width} ${height}`, width, height, role: "img", "aria-label": label,
  })
  const cells = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => cell(row, column)))
  svg.append(...cells.flat().map(({ group }) => group))
  return { svg, cells }
}

// Draws a small mark wherever a window starts, which makes the stride visible.
const marks = (svg, rows, columns) => {
  const mark = (x, y) => shape("circle", { cx: x, cy: y, r: 2.6, class: "mark" })
  const placed = {
    rows: rows.length > 1 ? rows.map((start) => mark(-7, (start + 0.5) * UNIT)) : [],
    columns: columns.length > 1 ? columns.map((start) => mark((start + 0.5) * UNIT, -7)) : [],
  }
  svg.append(...placed.rows, ...placed.columns)
  return placed
}

const starts = (track) => track.windows.map((taps) => taps[0][0])
const span = (taps) => taps[taps.length - 1][0] - taps[0][0] + 1

const kindOf = (...cells) =>
  cells.includes(BEYOND) ? "beyond" : cells.includes(PAD) ? "pad" : cells.includes(HOLE) ? "hole" : "input"

// Returns the planes of the input that the window reads: one, or in a volume one per sample of its depth.
const inputPlanes = (data) => {
  const [depth, height, width] = data.tracks
  const count = depth.windows[0].length
  return Array.from({ length: count }, (_, slot) => {
    const plane = grid(height.cells.length, width.cells.length, "Input, padded", 14)
    plane.marks = marks(plane.svg, starts(height), starts(width))
    plane.window = shape("rect", { class: "window", rx: 7 })
    plane.svg.append(plane.window)
    plane.caption = element("figcaption", "plane")
    plane.slot = slot
    return plane
  })
}

const fillPlane = (data, plane, place) => {
  const [depth, height, width] = data.tracks
  const taps = depth.windows[place[0]][plane.slot]
  const here = depth.cells[taps[0]]
  const rows = new Map(height.windows[place[1]])
  const columns = new Map(width.windows[place[2]])
  plane.cells.forEach((line, row) => line.forEach(({ group, text, weight }, column) => {
    const at = [here, height.cells[row], width.cells[column]]
    const kind = kindOf(...at)
    const unread = depth.unread.includes(taps[0]) || height.unread.includes(row) || width.unread.includes(column)
    const read = rows.has(row) && columns.has(column)
    group.setAttribute("class", `cell ${kind}${read ? " read" : ""}${unread && kind === "input" ? " unread" : ""}`)
    const empty = kind === "pad" ? (data.operation === "MaxPool" ? "−∞" : "0") : kind === "hole" ? "0" : ""
    text.textContent = kind === "input" ? data.source[at[0]][at[1]][at[2]] : empty
    const weights = read && data.weights && kind !== "beyond"
    weight.textContent = weights ? `×${minus(data.weights[taps[1]][rows.get(row)][columns.get(column)])}` : ""
  }))
  const [first, left] = [height.windows[place[1]], width.windows[place[2]]]
  const { style } = plane.window
  style.transform = `translate(${left[0][0] * UNIT}px, ${first[0][0] * UNIT}px)`
  plane.window.setAttribute("width", span(left) * UNIT)
  plane.window.setAttribute("height", span(first) * UNIT)
  plane.marks.rows.forEach((mark, index) => mark.classList.toggle("now", index === place[1]))
  plane.marks.columns.forEach((mark, index) => mark.classList.toggle("now", index === place[2]))
  plane.caption.textContent = here >= 0 ? `depth ${here}` : kindOf(here) === "pad" ? "depth: padding" : "depth: nothing"
}

// Returns every product (or number) that goes into one output, in the order in which it is read.
const terms = (data, place) => {
  const [depth, height, width] = data.tracks
  const products = []
  for (const [d, wd] of depth.windows[place[0]])
    for (const [r, wr] of height.windows[place[1]])
      for (const [c, wc] of width.windows[place[2]]) {
        const at = [depth.cells[d], height.cells[r], width.cells[c]]
        const kind = kindOf(...at)
        if (kind === "beyond" || kind === "hole" || (kind === "pad" && data.operation === "ConvTranspose")) continue
        products.push({
          kind,
          value: kind === "input" ? data.source[at[0]][at[1]][at[2]] : 0,
          weight: data.weights ? data.weights[wd][wr][wc] : null,
        })
      }
  return products
}

const sumOf = (data, place) => {
  const all = terms(data, place)
  const inside = all.filter((term) => term.kind === "input")
  const result = data.result[place[0]][place[1]][place[2]]
  const line = element("span", "terms")
  const termNode = (term) => {
    const node = element("span", `term ${term.kind}`)
    node.append(element("span", "v", String(term.value)))
    if (term.weight !== null) node.append("·", element("span", "w", factor(term.weight)))
    return node
  }
  const joined = (list, between) => list.flatMap((term, index) => (index ? [between, termNode(term)] : [termNode(term)]))
  if (data.operation === "MaxPool") line.append("max(", ...joined(inside, ", "), ")")
  else if (data.operation === "AvgPool") {
    const counted = data.counted ? all : inside
    line.append("(", ...joined(counted, " + "), `) / ${counted.length}`)
  } else line.append(...(all.length ? joined(all, " + ") : ["an empty sum: no weight meets an input here"]))
  line.append(" = ", element("strong", "result", result))
  return line
}

const whereOf = (data, place) => {
  const used = place.slice(3 - data.axes.length)
  const parts = data.axes.map((axis, index) => {
    const { stride, padding, dilation } = data.steps[index]
    const track = data.tracks[3 - data.axes.length + index]
    if (data.operation !== "ConvTranspose") {
      const start = used[index] * stride - padding
      return `${axis} ${used[index]}·${stride} − ${padding} = ${minus(start)}`
    }
    const contributions = track.windows[used[index]].filter(([at]) => track.cells[at] >= 0).reverse()
    const equation = ([at, k]) => `${track.cells[at]}·${stride} + ${k}·${dilation} − ${padding}`
    return `${axis} ${used[index]}${contributions.map((tap) => ` = ${equation(tap)}`).join("") || " meets no input"}`
  })
  const rule = data.operation === "ConvTranspose" ? "output = input·stride + weight·dilation − padding" : "the window starts at"
  const outputName = used.length > 1 ? `Output (${used.join(", ")})` : `Output ${used[0]}`
  return `${outputName}: ${rule}: ${parts.join("; ")}`.replace("at: ", "at ")
}

const legend = (data) => {
  const names = { pad: "padding", hole: "hole left by the stride", unread: "never read", beyond: "beyond the end" }
  const present = new Set(data.tracks.flatMap(({ cells }) => cells.map((value) => kindOf(value))))
  if (data.tracks.some(({ unread }) => unread.length)) present.add("unread")
  const list = element("div", "legend")
  for (const [kind, name] of Object.entries(names)) {
    if (!present.has(kind)) continue
    const swatch = shape("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" })
    swatch.append(shape("g", { class: `cell ${kind === "unread" ? "input unread" : kind}` },
      shape("rect", { x: 2, y: 2, width: 16, height: 16, rx: 3 })))
    const item = element("span", "item")
    item.append(swatch, name)
    list.append(item)
  }
  if (data.steps.some(({ stride }) => stride > 1) && data.operation !== "ConvTranspose") {
    const item = element("span", "item")
    item.append(shape("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" },
      shape("circle", { cx: 10, cy: 10, r: 4, class: "mark now" })), "places where a window starts")
    list.append(item)
  }
  return list
}

const kernelFigure = (data) => {
  if (!data.weights) return null
  const planes = data.weights.map((plane, index) => {
    const { svg, cells } = grid(plane.length, plane[0].length, "Kernel")
    plane.forEach((line, row) => line.forEach((value, column) => {
      cells[row][column].text.textContent = minus(value)
      cells[row][column].group.setAttribute("class", "cell kernel")
    }))
    if (data.weights.length === 1) return svg
    const wrapped = element("div", "slot")
    wrapped.append(element("figcaption", "plane", `depth ${index}`), svg)
    return wrapped
  })
  const row = element("div", "planes")
  row.append(...planes)
  const title = data.operation === "ConvTranspose" ? "Kernel (meets the input mirrored)" : "Kernel"
  return figure(title, row)
}

const draw = (root, data, before) => {
  const [depth, height, width] = data.tracks
  const counts = [depth.windows.length, height.windows.length, width.windows.length]
  const placeOf = (step) => [
    Math.floor(step / (counts[1] * counts[2])), Math.floor(step / counts[2]) % counts[1], step % counts[2],
  ]
  root.classList.toggle("weighted", Boolean(data.weights))
  root.style.setProperty("--kernel", data.colours.k)
  root.style.setProperty("--stride", data.colours.s)
  root.style.setProperty("--padding", data.colours.p)
  const planes = inputPlanes(data)
  const volume = data.axes.length === 3
  const inputs = element("div", "planes")
  inputs.append(...planes.map((plane) => {
    if (!volume) return plane.svg
    const slot = element("div", "slot")
    slot.append(plane.caption, plane.svg)
    return slot
  }))
  const output = grid(counts[1], counts[2], "Output")
  const sizes = (list) => list.slice(3 - data.axes.length).join(" × ")
  const inner = [depth, height, width].map(({ cells }) => cells.filter((value) => value >= 0).length)
  const board = element("div", data.axes.length === 1 ? "board line" : "board")
  board.tabIndex = 0
  board.setAttribute("role", "group")
  board.setAttribute("aria-label", "The sliding window. Arrow keys step, space plays and pauses.")
  const outputTitle = element("span", "", `Output ${sizes(counts)}`)
  const outputFigure = figure("", output.svg)
  outputFigure.querySelector("figcaption").append(outputTitle)
  const spread = data.operation === "ConvTranspose" && data.steps.some(({ stride }) => stride > 1)
  board.append(
    figure(`Input ${sizes(inner)}${spread ? ", spread out by the stride" : ""}`, inputs),
    ...[kernelFigure(data)].filter(Boolean),
    outputFigure,
  )
  const sum = element("div", "sum")
  const read = data.tracks.reduce((count, { windows }) => count * windows[0].length, 1)
  sum.style.minHeight = `${1.75 * Math.ceil(read / 9)}em`  // so that a longer sum does not move what is below it
  const where = element("div", "where")
  const show = (step, playing) => {
    const place = placeOf(step)
    planes.forEach((plane) => fillPlane(data, plane, place))
    output.cells.forEach((line, row) => line.forEach(({ group, text }, column) => {
      const index = (place[0] * counts[1] + row) * counts[2] + column
      text.textContent = index <= step ? data.result[place[0]][row][column] : ""
      text.classList.toggle("long", text.textContent.length > 3)
      group.setAttribute("class", `cell output${index === step ? " now" : index < step ? " done" : ""}`)
    }))
    if (volume) outputTitle.textContent = `Output ${sizes(counts)}, depth ${place[0]}`
    sum.setAttribute("aria-live", playing ? "off" : "polite")
    sum.replaceChildren(sumOf(data, place))
    where.textContent = whereOf(data, place)
  }
  const labelOf = (step) => {
    const place = placeOf(step)
    return `output ${place.slice(3 - data.axes.length).join(", ")}: ${data.result[place[0]][place[1]][place[2]]}`
  }
  const total = counts[0] * counts[1] * counts[2]
  const steps = stepper(root, { count: total, row: counts[2], name: "Position of the window", show, labelOf })
  output.cells.forEach((line, row) => line.forEach(({ group }, column) => {
    group.onclick = () => steps.go((placeOf(steps.at())[0] * counts[1] + row) * counts[2] + column)
  }))
  const note = data.smaller ? [element("p", "note", `Drawn smaller to fit the page: ${data.smaller}.`)] : []
  root.replaceChildren(...note, board, legend(data), sum, where, steps.bar)
  steps.to(0)
  return steps
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sliding")
  if (!root || !data) return
  return drawOnChange(root, data, draw)
}
