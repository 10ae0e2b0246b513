// Panel: the thread and the author of the comment, unfolded by a key.

const contextPanel = {
  name: "context",
  act: "context",

  draw(box, item, card) {
    const { parent, thread, author } = item.context
    const many = (parent ? 1 : 0) + thread.length + author.length
    if (!many) return
    box.append(foldButton(this.act, item.choice.context, item.choice.context
      ? t("Hide thread and author ({many})", { many }) : t("Show thread and author ({many})", { many })))
    if (!item.choice.context) return
    drawRemarks(box, t("In reply to"), parent ? [parent] : [], card)
    drawRemarks(box, t("Earlier in the thread"), thread, card)
    drawRemarks(box, t("More by the same author"), author, card)
  },
}

function drawRemarks(box, title, remarks, card) {
  if (!remarks.length) return
  const rows = remarks.map((remark) => {
    const row = element("li")
    if (remark.author) {
      const who = element("b")
      appendVisible(who, Array.from(remark.author))
      row.append(who, " ")
    }
    const body = element("span", "", "remark")
    body.dir = "auto"
    drawText(body, remark.text, [], card.view.titles)
    row.append(body)
    return row
  })
  box.append(element("h3", title), listOf(rows))
}
