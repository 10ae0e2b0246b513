// Panel: how identical text was decided before.

const historyPanel = {
  name: "history",

  draw(box, item, card) {
    if (item.blind) return
    const rows = item.history.map(([outcome, labels, many]) => {
      const words = labels.map((index) => card.view.titles[index]).join(", ")
      return element("li", `${count.format(many)} × ${t(DONE_NAMES[outcome])}${words ? ": " + words : ""}`)
    })
    box.append(element("h3", t("Identical text before")))
    box.append(rows.length ? listOf(rows) : element("p", t("Not decided before")))
  },
}
