// The receptive field on the input, growing with the layer that is selected.

const BOX = { width: 430, height: 380 }

const head = () => {
  const row = element("div", "row head")
  for (const [name, text] of [["number", "#"], ["kind", "Layer"], ["window", "Window"], ["shape", "Shape"],
    ["size", "Field r"], ["jump", "Jump"]]) row.append(element("span", name, text))
  row.setAttribute("aria-hidden", "true")
  return row
}

const labelOf = (link) => `Layer ${link.number}, ${link.kind}, field ${link.size}, jump ${link.jump}`

const rowOf = (link) => {
  const row = element("li", "row layer")
  row.setAttribute("role", "option")
  row.setAttribute("aria-label", labelOf(link))
  for (const name of ["number", "kind", "window", "shape", "size", "jump"]) row.append(element("span", name, link[name]))
  return row
}

// Draws a plane (two axes) or a bar (one axis) of the input, with the field of every layer on it.
const viewOf = (data, [y, x]) => {
  const across = data.sizes[x]
  const down = y === null ? Math.max(across / 9, 1) : data.sizes[y]
  const room = 0.22 * Math.max(across, down)  // for the part of a field that reads padding
  const margins = [0, 0, 0, 0].map(() => 0)
  for (const { fields } of data.links) {
    if (!fields) continue
    margins[0] = Math.max(margins[0], -fields[x][0])
    margins[1] = Math.max(margins[1], fields[x][0] + fields[x][1] - across)
    if (y === null) continue
    margins[2] = Math.max(margins[2], -fields[y][0])
    margins[3] = Math.max(margins[3], fields[y][0] + fields[y][1] - down)
  }
  const [left, right, top, bottom] = margins.map((margin) => Math.min(margin, room))
  const [width, height] = [across + left + right, down + top + bottom]
  const scale = Math.min(BOX.width / width, (y === null ? 90 : BOX.height) / height, 34)
  const svg = shape("svg", {
    viewBox: `${-left * scale - 2} ${-top * scale - 2} ${width * scale + 4} ${height * scale + 4}`,
    width: width * scale + 4, height: height * scale + 4, role: "img", "aria-label": "Receptive field on the input",
  })
  svg.append(shape("rect", { x: 0, y: 0, width: across * scale, height: down * scale, class: "input" }))
  if (scale >= 5) {
    const lines = shape("g", { class: "lines" })
    for (let column = 1; column < across; column++)
      lines.append(shape("path", { d: `M${column * scale} 0V${down * scale}` }))
    for (let row = 1; y !== null && row < down; row++)
      lines.append(shape("path", { d: `M0 ${row * scale}H${across * scale}` }))
    svg.append(lines)
  }
  const box = (link) => {
    const [start, size] = link.fields[x]
    const [first, length] = y === null ? [0, down] : link.fields[y]
    return { x: start * scale, y: first * scale, width: size * scale, height: length * scale }
  }
  const before = data.links.map((link) => (link.fields ? shape("rect", { ...box(link), class: "before" }) : null))
  svg.append(...before.filter(Boolean))
  const field = shape("rect", { class: "field" })
  svg.append(field)
  const show = (step) => {
    before.forEach((rect, index) => rect?.classList.toggle("shown", index < step))
    field.classList.toggle("shown", Boolean(data.links[step].fields))
    if (!data.links[step].fields) return
    for (const [name, value] of Object.entries(box(data.links[step]))) field.style[name] = `${value}px`
  }
  return { svg, show }
}

const draw = (root, data, before) => {
  const views = { 1: [[null, 0]], 2: [[0, 1]], 3: [[1, 2], [null, 0]] }[data.axes.length].map((pair) => viewOf(data, pair))
  const rows = data.links.map(rowOf)
  const list = element("ol")
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", "Layers of the chain. Arrow keys step, space plays and pauses.")
  list.tabIndex = 0
  list.append(...rows)
  const [lines, summary] = [element("div", "lines"), element("div", "summary")]
  const show = (step, playing) => {
    const link = data.links[step]
    views.forEach((view) => view.show(step))
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === step)))
    const [top, bottom] = [rows[step].offsetTop, rows[step].offsetTop + rows[step].offsetHeight]
    if (top < list.scrollTop || bottom > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2
    lines.replaceChildren(...link.lines.map((line) => element("div", "", line)))
    summary.setAttribute("aria-live", playing ? "off" : "polite")
    const padded = link.fields?.some(([start, size], axis) => start < 0 || start + size > data.sizes[axis])
    summary.textContent = link.fields
      ? `One output of layer ${link.number} (${link.kind}) reads ${link.size} samples; the input has ` +
        `${data.sizes.join(" × ")}.${padded ? " What lies outside is padding." : ""}`
      : `After layer ${link.number} (${link.kind}), positions and channels are mixed in one row.`
  }
  const steps = stepper(root, {
    count: data.links.length, pace: 1200, name: "Layer of the chain", show,
    labelOf: (step) => labelOf(data.links[step]),
  })
  rows.forEach((row, index) => (row.onclick = () => steps.go(index)))
  const table = element("div", "table")
  table.append(head(), list)
  const drawing = element("figure", "drawing")
  drawing.append(...views.map((view) => view.svg))
  const text = element("div", "text")
  text.append(summary, lines)
  const right = element("div", "right")
  right.append(drawing, text)
  const sides = element("div", "sides")
  sides.append(table, right)
  root.replaceChildren(sides, steps.bar)
  steps.to(Math.min(before, data.links.length - 1))
  return steps
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".chain")
  if (!root || !data?.links?.length) return
  return drawOnChange(root, data, draw)
}
