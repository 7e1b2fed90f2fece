// Updates the page to new nodes. A node that looks as before stays, and with it the focus, a drag, and work for the
// browser.
//
// A node that stays keeps its handlers. They may hold what the node itself shows, such as a path, and must take all else
// from the `canvas`, which is the same object at every drawing.

const identityOf = (node) => node.dataset?.path ?? node.dataset?.gap

const canUpdate = (old, node) =>
  node.nodeType === Node.ELEMENT_NODE &&
  old.nodeName === node.nodeName &&
  identityOf(old) === identityOf(node) &&
  !(node instanceof SVGElement || node.nodeName === "BUTTON" || node.nodeName === "A")

const updateAttributes = (old, node) => {
  for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name)
  for (const { name, value } of node.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
}

// An open picker is no part of the drawing: it stays where it is.
const patchChildren = (parent, nodes) => {
  const picker = [...parent.children].find((child) => child.classList.contains("picker"))
  const oldChildren = [...parent.childNodes].filter((child) => child !== picker)
  nodes.forEach((node, index) => {
    const old = oldChildren[index]
    if (!old) parent.insertBefore(node, picker ?? null)
    else if (old.isEqualNode(node)) return
    else if (canUpdate(old, node)) {
      updateAttributes(old, node)
      patchChildren(old, [...node.childNodes])
    } else old.replaceWith(node)
  })
  oldChildren.slice(nodes.length).forEach((child) => child.remove())
}
