// Elements of the page. Text of a user goes in as textContent, never as HTML.

const element = (tag, className, text) => {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  return node
}

// A button whose click does not also select the row around it; the label is spoken, and shown as a tooltip.
const button = (className, text, label, onClick) => {
  const node = element("button", className, text)
  node.type = "button"
  if (label) {
    node.setAttribute("aria-label", label)
    node.title = label
  }
  node.onclick = (event) => {
    event.stopPropagation()
    onClick(event)
  }
  return node
}

const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text // writing the same text would still cost a layout
}

// A tensor as a box: the front is height × width, the depth stands for the channels.
const SVG_NAMESPACE = "http://www.w3.org/2000/svg"
const tensorBox = ([depth, height, width], family) => {
  const [dx, dy] = [depth * 0.72, depth * 0.42]
  const svg = document.createElementNS(SVG_NAMESPACE, "svg")
  svg.setAttribute("class", `box ${family}`)
  svg.setAttribute("width", width + dx + 2)
  svg.setAttribute("height", height + dy + 2)
  svg.setAttribute("aria-hidden", "true")
  const addFace = (className, points) => {
    const polygon = document.createElementNS(SVG_NAMESPACE, "polygon")
    polygon.setAttribute("class", className)
    polygon.setAttribute("points", points.map(([x, y]) => `${x + 1},${y + 1}`).join(" "))
    svg.append(polygon)
  }
  addFace("top", [[0, dy], [dx, 0], [dx + width, 0], [width, dy]])
  addFace("side", [[width, dy], [width + dx, 0], [width + dx, height], [width, height + dy]])
  addFace("front", [[0, dy], [width, dy], [width, height + dy], [0, height + dy]])
  return svg
}
