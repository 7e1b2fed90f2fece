// What a teacher would say: a card for each remark, with a mend where one click is enough.

// The app's own pages are opened by its navigation, in the same session; other addresses in a tab of their own.
const linkTo = (text, url) => {
  const link = element("a", "more", text)
  link.href = url
  if (url.startsWith("https://")) {
    link.target = "_blank"
    link.rel = "noopener noreferrer"
    return link
  }
  link.onclick = (event) => {
    const page = [...document.querySelectorAll("a[href]")].find((each) => each.pathname.endsWith(`/${url}`))
    if (!page) return
    event.preventDefault()
    page.click()
  }
  return link
}

const cards = (remarks, hands) =>
  remarks.map((remark, index) => {
    const card = element("article", "card")
    card.tabIndex = -1 // led to by the mark of its layer
    card.dataset.path = (remark.path ?? []).join(".")
    const title = element("h4", "", remark.title)
    if (remark.path)
      title.prepend(button("where", `Layer ${remark.number}`, `Select layer ${remark.number}`, (event) => hands.select(remark.path, event)))
    const text = element("p", "", `${remark.text} `)
    text.append(linkTo(remark.more, remark.url))
    card.append(title, text)
    if (remark.mend) card.append(button("heed", remark.mend, "", () => hands.mend("heed", index, remark.path)))
    return card
  })
