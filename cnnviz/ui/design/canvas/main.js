// The function that Streamlit calls with every new state.

// A canvas belongs to a session, not to an element: the page may put it into a new one while an action is under way.
const canvases = new Map()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".stack")
  if (!root || !data) return
  if (!canvases.has(data.mount)) canvases.set(data.mount, new Canvas(data.seq))
  canvases.get(data.mount).receive(data, root, (actions) => setTriggerValue("message", { actions }))
}
