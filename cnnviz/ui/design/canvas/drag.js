// Dragging rows with mouse, pen or finger: a line shows the gap into which they would fall.

const THRESHOLD = 5
const EDGE = 60

const scrollerOf = (node) => {
  for (let each = node; each; each = each.parentElement ?? each.getRootNode().host) {
    if (each.scrollHeight > each.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(each).overflowY)) return each
  }
  return document.scrollingElement
}

const dragging = (root, item, start, chosen, drop, done) => {
  const gaps = () => [...root.querySelectorAll(".gap")]
  const scroller = scrollerOf(root)
  let active = false
  let target = null
  let pointer = start
  let frame = 0
  const place = (node) => node.dataset.gap.split(".").map(Number)
  const aim = () => {
    const open = gaps().filter((node) => !chosen.some((path) => inside(place(node), path)))
    const distance = (node) => {
      const area = node.getBoundingClientRect()
      const depth = place(node).length
      return Math.abs(area.top + area.height / 2 - pointer.clientY) - depth * 0.1
    }
    const nearest = open.reduce((best, node) => (!best || distance(node) < distance(best) ? node : best), null)
    if (nearest === target) return
    target?.classList.remove("target")
    target = nearest
    target?.classList.add("target")
  }
  const scroll = () => {
    if (!active) return
    const area = scroller === document.scrollingElement ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect()
    const over = Math.max(pointer.clientY - (area.bottom - EDGE), 0) - Math.max(area.top + EDGE - pointer.clientY, 0)
    if (over) {
      scroller.scrollBy(0, over / 4)
      aim()
    }
    frame = requestAnimationFrame(scroll)
  }
  const finish = (dropped) => {
    item.removeEventListener("pointermove", move)
    item.removeEventListener("pointerup", up)
    item.removeEventListener("pointercancel", cancel)
    removeEventListener("keydown", escape, true)
    cancelAnimationFrame(frame)
    root.classList.remove("dragging")
    root.querySelectorAll(".dragged").forEach((each) => each.classList.remove("dragged"))
    target?.classList.remove("target")
    if (active) {
      // the click that the release of the button makes, now or, after Escape, some time later, is none
      const swallow = (event) => event.stopPropagation()
      const over = () => item.removeEventListener("click", swallow, true)
      item.addEventListener("click", swallow, { capture: true, once: true })
      for (const next of ["pointerdown", "keydown"]) addEventListener(next, over, { capture: true, once: true })
      if (dropped && target) drop(place(target))
      done()
    }
    active = false
  }
  const move = (event) => {
    pointer = event
    if (!active) {
      if (Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < THRESHOLD) return
      active = true
      item.setPointerCapture(event.pointerId)
      root.classList.add("dragging")
      for (const row of root.querySelectorAll(".layer")) {
        const path = row.dataset.path.split(".").map(Number)
        row.classList.toggle("dragged", chosen.some((each) => same(each, path) || inside(path, each)))
      }
      scroll()
    }
    event.preventDefault()
    aim()
  }
  const up = () => finish(true)
  const cancel = () => finish(false)
  const escape = (event) => {
    if (event.key !== "Escape" || !active) return
    event.preventDefault()
    event.stopPropagation() // it ends the drag and nothing else
    finish(false)
  }
  item.addEventListener("pointermove", move)
  item.addEventListener("pointerup", up)
  item.addEventListener("pointercancel", cancel)
  addEventListener("keydown", escape, true)
}
