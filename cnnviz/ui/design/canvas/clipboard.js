// Copying a text. The clipboard API exists on secure pages only, and a class reaches its server by plain http.

const copyText = async (text, root) => {
  const area = element("textarea")
  area.value = text
  root.append(area)
  area.select()
  const written = navigator.clipboard?.writeText(text).then(() => true, () => false)
  const isCopied = (await (written ?? false)) || document.execCommand("copy")
  area.remove()
  return isCopied
}

const COPY_LABEL = "Copy table as Markdown"
const COPY_LABEL_MS = 1500

const copyTable = async (copyButton, markdown, root) => {
  const isCopied = await copyText(markdown, root)
  copyButton.textContent = isCopied ? "Copied" : "Copying was refused"
  setTimeout(() => (copyButton.textContent = COPY_LABEL), COPY_LABEL_MS)
}
