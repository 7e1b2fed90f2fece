// What the student does, told to the server as {op, seq, …}; what the server answers, drawn. The design is the server's:
// an edit is shown at once and replaced by what comes back, and answers to older edits than the last are not drawn.

// By the session's canvas, not by its element: the page may put it into a new one while something is under way.
const views = new Map()

const AGAIN = 800 // ms until what was not answered is sent again

const TOOLS = [
  ["add", "+ Add layer", "Add layer behind the selected one (+)"],
  ["undo", "↶ Undo", "Undo (Ctrl+Z)"],
  ["redo", "↷ Redo", "Redo (Ctrl+Y)"],
  ["up", "↑ Up", "Move the selected layers up (Alt+↑)"],
  ["down", "↓ Down", "Move the selected layers down (Alt+↓)"],
  ["duplicate", "Duplicate", "Duplicate the selected layers (Ctrl+D)"],
  ["delete", "Delete", "Delete the selected layers (Delete)"],
]

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".stack")
  if (!root || !data) return
  const known = views.get(data.mount)
  const view = known ?? { seq: 0, pending: [], folded: new Set(), selected: [], hands: {} }
  views.set(data.mount, view)
  const fresh = view.root !== root
  if (fresh) {
    if (view.inside) Object.assign(view, { held: true, refocus: view.refocus ?? view.at })
    Object.assign(view, { root, sized: null })
    root.addEventListener("focusin", ({ target }) => {
      view.inside = true
      view.at = target.closest(".layer")?.dataset.path.split(".").map(Number) ?? view.at
    })
    root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget) view.inside = root.contains(relatedTarget) // none: what had the focus was taken away
    })
  }
  view.send = () => {
    setTriggerValue("act", { acts: view.pending })
    view.waits = setTimeout(view.send, AGAIN)
  }
  clearTimeout(view.waits)
  if (view.mount === data.mount) view.pending = view.pending.filter((each) => each.seq > data.seq)
  if (view.pending.length && view.mount === data.mount) view.waits = setTimeout(view.send, fresh ? 0 : AGAIN)
  if (data.seq < view.seq && view.mount === data.mount && !fresh) return // an older answer than the last edit
  if (view.mount !== data.mount) Object.assign(view, { mount: data.mount, seq: data.seq, pending: [] })
  if (view.selected.length && !data.selected.length && data.design.layers.length)
    Object.assign(view, { held: true, refocus: view.selected[0] }) // the panel was closed, and its button is gone
  Object.assign(view, { design: data.design, selected: data.selected, data })

  // every act is sent again, with the next one or after a while, until it is answered: of two at the same moment, or one
  // that comes while a run of the page is just ending, Streamlit may keep none
  const act = (what) => {
    view.pending.push({ version: data.version, ...what, seq: ++view.seq })
    clearTimeout(view.waits)
    view.send()
  }
  const say = (text) => (root.querySelector(".said").textContent = text)
  const write = (place, text) => {
    const node = root.querySelector(place)
    if (node.textContent !== text) node.textContent = text // the same text again is work for the browser, too
  }
  const rowAt = (path) => path && root.querySelector(`.layer[data-path="${path.join(".")}"]`)
  // the row that has the focus, or will have it as soon as the last edit is drawn
  const lost = () => view.inside && document.activeElement === document.body // with the element that was taken away
  const focused = () =>
    view.refocus ?? root.getRootNode().activeElement?.closest?.(".layer")?.dataset.path.split(".").map(Number) ?? (lost() ? view.at : undefined)
  const show = () => {
    if (root.classList.contains("dragging")) return void (view.late = true) // drawn when the drag is over
    const active = root.getRootNode().activeElement
    const had = active && root.contains(active) ? (focused() ?? null) : null
    patch(root.querySelector(".list"), drawn(view.data, view, hands))
    mark()
    if (had || view.refocus || view.held) {
      const next = rowAt(view.refocus ?? had) ?? rowAt(view.selected[0]) ?? root.querySelector("[data-tool=add]")
      next.focus({ preventScroll: true })
    }
    Object.assign(view, { refocus: null, held: false, late: false })
  }
  const mark = () => {
    root.querySelectorAll(".layer").forEach((row) => {
      const chosen = view.selected.some((path) => path.join(".") === row.dataset.path)
      row.setAttribute("aria-selected", String(chosen))
      row.tabIndex = -1
    })
    const stop = rowAt(view.selected[0]) ?? root.querySelector(".layer")
    if (stop) stop.tabIndex = 0
    const empty = !view.selected.length
    for (const name of ["up", "down", "duplicate", "delete"]) root.querySelector(`[data-tool=${name}]`).disabled = empty
    root.querySelector("[data-tool=undo]").disabled = !data.undo
    root.querySelector("[data-tool=redo]").disabled = !data.redo
  }
  const edit = (result, said) => {
    if (!result) return
    Object.assign(view, result)
    view.held = Boolean(focused()) || root.contains(root.getRootNode().activeElement)
    view.refocus = view.held ? result.selected[0] : null
    act({ op: "edit", design: result.design, selected: result.selected })
    if (said) say(said)
  }
  const kinds = () => view.selected.map((path) => stackAt(view.design, path)[path.at(-1)]?.kind).join(", ")
  const select = (path, event) => {
    const order = view.data.rows.filter((row) => row.kind).map((row) => row.path)
    const at = (one) => order.findIndex((each) => same(each, one))
    if (event?.shiftKey && view.selected.length) {
      const [from, to] = [at(view.anchor ?? view.selected[0]), at(path)].sort((a, b) => a - b)
      view.selected = order.slice(from, to + 1)
    } else if (event?.ctrlKey || event?.metaKey) {
      const without = view.selected.filter((each) => !same(each, path))
      view.selected = without.length < view.selected.length ? without : [...view.selected, path]
      view.anchor = path
    } else {
      view.selected = [path]
      view.anchor = path
    }
    mark()
    rowAt(path)?.focus({ preventScroll: true })
    act({ op: "select", selected: view.selected })
  }
  const pick = (place) => {
    root.querySelector(".picker")?.remove()
    const from = focused() ?? view.selected[0]
    const gapNode = root.querySelector(`.gap[data-gap="${place.join(".")}"]`)
    const shape = gapNode?.querySelector(".flow")?.textContent ?? ""
    const axes = shape ? shape.split("×").length - 1 : null
    const leave = (back) => {
      if (!node.isConnected) return
      node.onfocusout = null
      node.remove()
      if (back) rowAt(from)?.focus()
    }
    const choose = (kind) => {
      view.refocus = place
      leave(false)
      hands.act({ op: "add", path: place, kind })
      say(`${kind} added`)
    }
    const [node, search] = picker(place, axes, choose, leave)
    ;(gapNode ?? root).append(node)
    search.focus({ preventScroll: true })
    node.scrollIntoView({ block: "nearest" })
  }
  const behind = () => {
    const last = view.selected.at(-1)
    return last ? [...last.slice(0, -1), last.at(-1) + 1] : [view.design.layers.length]
  }
  const undo = (op) => {
    view.refocus = view.selected[0] ?? null
    act({ op })
  }
  const tools = {
    add: () => pick(behind()),
    undo: () => data.undo && undo("undo"),
    redo: () => data.redo && undo("redo"),
    up: () => edit(shifted(view.design, view.selected, -1), `${kinds()} moved up`),
    down: () => edit(shifted(view.design, view.selected, 1), `${kinds()} moved down`),
    into: () => edit(nested(view.design, view.selected, true), `${kinds()} moved into the block above`),
    out: () => edit(nested(view.design, view.selected, false), `${kinds()} moved out of the block`),
    duplicate: () => edit(duplicated(view.design, view.selected), `${kinds()} duplicated`),
    delete: () => edit(removed(view.design, view.selected), `${kinds()} deleted`),
  }
  const hands = Object.assign(view.hands, {
    act,
    show,
    tools,
    // what stands on a button that goes with the answer: the keyboard goes on at the layer it was about
    mend: (op, index, path) => {
      Object.assign(view, { held: true, refocus: path })
      act({ op, index })
    },
    edit,
    select,
    pick,
    design: () => view.design,
    leave: (path) => {
      view.selected = []
      mark()
      rowAt(path)?.focus({ preventScroll: true })
      act({ op: "select", selected: [] })
    },
    lead: (path) => {
      const card = root.querySelector(`.card[data-path="${path.join(".")}"]`)
      card?.scrollIntoView({ block: "center", behavior: "smooth" })
      card?.focus({ preventScroll: true })
    },
    fold: (path) => {
      const name = path.join(".")
      view.folded.has(name) ? view.folded.delete(name) : view.folded.add(name)
      view.refocus = path
      show()
    },
    grab: (path, item, event) => {
      if (event.button || event.target.closest("button, input")) return
      const chosen = view.selected.some((each) => same(each, path)) ? view.selected : [path]
      dragging(root, item, event, chosen, (place) => hands.edit(moved(view.design, chosen, place), "moved"), () => view.late && hands.show())
    },
  })
  const keyed = (event) => {
    const path = focused()
    const control = event.ctrlKey || event.metaKey
    const rows = [...root.querySelectorAll(".layer")]
    const at = rows.findIndex((row) => path && row.dataset.path === path.join("."))
    const go = (row) => {
      row?.focus()
      if (row && event.shiftKey) select(row.dataset.path.split(".").map(Number), event)
    }
    const chosen = path && !view.selected.some((each) => same(each, path)) ? [path] : view.selected
    const own = (tool) => {
      view.selected = chosen
      tools[tool]()
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const bound =
      control && key === "z" ? () => tools[event.shiftKey ? "redo" : "undo"]()
      : control && key === "y" ? tools.redo
      : control && key === "d" ? () => own("duplicate")
      : control && key === "a" ? () => rows.length && ((view.anchor = rows[0].dataset.path.split(".").map(Number)), select(rows.at(-1).dataset.path.split(".").map(Number), { shiftKey: true }))
      : !path ? null
      : event.altKey ? { ArrowUp: () => own("up"), ArrowDown: () => own("down"), ArrowRight: () => own("into"), ArrowLeft: () => own("out") }[key]
      : { ArrowUp: () => go(rows[at - 1]), ArrowDown: () => go(rows[at + 1]), Home: () => go(rows[0]), End: () => go(rows.at(-1)),
          ArrowLeft: () => !view.folded.has(path.join(".")) && rows[at].ariaExpanded && hands.fold(path),
          ArrowRight: () => view.folded.has(path.join(".")) && hands.fold(path),
          Enter: () => select(path, event), " ": () => select(path, event),
          Escape: () => view.selected.length && hands.leave(path),
          Delete: () => own("delete"), Backspace: () => own("delete"),
          "+": () => own("add"), Insert: () => own("add") }[key]
    if (!bound || (event.target.closest("button") && (key === "Enter" || key === " "))) return
    event.preventDefault()
    event.stopPropagation()
    bound()
  }

  const bar = root.querySelector(".tools")
  if (!bar.childElementCount)
    for (const [name, text, label] of TOOLS) {
      const node = button("", text, label, () => hands.tools[name]())
      node.dataset.tool = name
      bar.append(node)
    }
  if (!view.sized) {
    view.sized = new ResizeObserver(([{ target }]) => root.style.setProperty("--bar", `${target.offsetHeight}px`))
    view.sized.observe(root.querySelector(".bar"))
  }
  const list = element("div", "cards")
  list.append(...cards(data.advice, hands))
  const quiet = data.fits ? "Nothing to remark: this net is fine as it is." : "Remarks on the net stand here as soon as it has layers that fit."
  patch(root.querySelector(".advice"), [element("h3", "", "What a teacher would say"), data.advice.length ? list : element("p", "quiet", quiet)])
  write(".about", data.about)
  write(".refused", data.refused && data.seq % 2 ? `${data.refused}\u00a0` : data.refused) // one refused as the last one was is spoken again
  write(".totals", data.totals)
  root.onkeydown = keyed
  view.keyed = (event) => lost() && keyed(event)
  if (!known) {
    addEventListener("keydown", (event) => view.keyed(event))
    addEventListener("pointerdown", (event) => event.composedPath().includes(view.root) || (view.inside = false), true)
  }
  const copy = root.querySelector(".copy")
  copy.onclick = async () => {
    const area = element("textarea")
    area.value = data.markdown
    root.append(area)
    area.select()
    // the clipboard API exists on secure pages only; a class reaches its server by plain http
    const done = await (navigator.clipboard?.writeText(data.markdown).then(() => true, () => false) ?? false)
    const copied = done || document.execCommand("copy")
    area.remove()
    copy.textContent = copied ? "Copied" : "Copying was refused"
    setTimeout(() => (copy.textContent = "Copy table as Markdown"), 1500)
  }
  show()
}
