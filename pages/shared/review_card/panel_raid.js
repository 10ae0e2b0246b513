// Panel: that the comment is one of many like it, with the way to the page that settles them together.

const raidPanel = {
  name: "raid",

  draw(box, item) {
    if (item.blind || !item.raid) return
    const [number, , kind] = item.raid
    const many = count.format(number)
    const link = element("button", t("See the raid"), "quiet")
    link.type = "button"
    link.dataset.act = "raid"
    box.append(element("span", raidWords(kind, many)), link)
  },
}

function raidWords(kind, many) {
  if (kind === "author") return t("One of {many} that its author wrote within minutes.", { many })
  if (kind === "thread") return t("One of {many} that came into its thread within minutes.", { many })
  return t("One of {many} like it.", { many })
}

// Which comments are in clusters, as far as it is known by now. True: the comment on the screen must be drawn again.
function raidsTold(desk, told) {
  const before = desk.item && String(desk.item.raid)
  for (const item of [...desk.queue, ...desk.held]) item.raid = (told && told[item.id]) || null
  return Boolean(desk.item) && String(desk.item.raid) !== before
}
