// Only what differs is drawn anew: what looks as before stays, and with it the focus, a drag, and work for the browser.
//
// A node that stays keeps its handlers. They may hold what the node itself shows (a path, a place), and must take all
// else from `hands`, which is the same object at every drawing.

const keyOf = (node) => node.dataset?.path ?? node.dataset?.gap

const alike = (old, node) =>
  old.nodeName === node.nodeName &&
  keyOf(old) === keyOf(node) &&
  node.nodeType === Node.ELEMENT_NODE &&
  !(node instanceof SVGElement || node.nodeName === "BUTTON" || node.nodeName === "A")

// An open picker is none of the drawing: it stays where it is.
const patch = (parent, nodes) => {
  const picker = [...parent.children].find((each) => each.classList.contains("picker"))
  const before = [...parent.childNodes].filter((each) => each !== picker)
  nodes.forEach((node, index) => {
    const old = before[index]
    if (!old) parent.insertBefore(node, picker ?? null)
    else if (old.isEqualNode(node)) return
    else if (alike(old, node)) {
      for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name)
      for (const { name, value } of node.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
      patch(old, [...node.childNodes])
    } else old.replaceWith(node)
  })
  before.slice(nodes.length).forEach((each) => each.remove())
}
