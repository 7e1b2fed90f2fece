// What a teacher would say: a card for each remark, with a button where one click applies the mend.

// A page of the app is opened by the app's own navigation, so that the session goes on; any other address opens in a new
// tab.
const adviceLink = ({ link_text: text, link_url: url }) => {
  const link = element("a", "more", text)
  link.href = url
  if (url.startsWith("https://")) {
    link.target = "_blank"
    link.rel = "noopener noreferrer"
    return link
  }
  link.onclick = (event) => {
    const page = [...document.querySelectorAll("a[href]")].find(({ pathname }) => pathname.endsWith(`/${url}`))
    if (!page) return
    event.preventDefault()
    page.click()
  }
  return link
}

const adviceCard = (canvas, remark, index) => {
  const node = element("article", "card")
  node.tabIndex = -1 // the mark on its layer moves the focus here
  node.dataset.path = (remark.path ?? []).join(".")
  const title = element("h4", "", remark.title)
  if (remark.path) {
    const select = (event) => canvas.select(remark.path, event)
    title.prepend(button("select-layer", `Layer ${remark.number}`, `Select layer ${remark.number}`, select))
  }
  const text = element("p", "", `${remark.text} `)
  text.append(adviceLink(remark))
  node.append(title, text)
  if (remark.mend)
    node.append(button("apply", remark.mend, "", () => canvas.applyMend("advice", index, remark.path)))
  return node
}

// What the button beside the tools says, which leads to the cards; empty, and so hidden, where there are none.
const adviceCount = ({ length }) => (length ? `${length} ${length === 1 ? "remark" : "remarks"} from a teacher ↓` : "")

const drawAdvice = (canvas) => {
  const { advice, fits } = canvas.state
  const cards = element("div", "cards")
  cards.append(...advice.map((remark, index) => adviceCard(canvas, remark, index)))
  const emptyText = fits
    ? "Nothing to remark: this net is fine as it is."
    : "Remarks on the net appear here as soon as it has layers that fit."
  return [element("h3", "", "What a teacher would say"), advice.length ? cards : element("p", "muted", emptyText)]
}
