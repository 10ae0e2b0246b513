// Handing a comment over, and the list of what one holds.

// The dialog is about card.handing, the comment on the screen or a held one.
function openHand(card, item) {
  const dialog = card.root.querySelector("dialog.hand")
  if (dialog.open) return dialog.close()
  if (!item) return heldIsGone(card)
  card.handing = item
  card.ask("hand")
  drawHand(card)
  card.root.querySelector("dialog.held").close()
  const note = dialog.querySelector("textarea")
  if (!item.blind) note.value = item.handNote || "" // what was typed stays with its comment
  note.oninput = () => (item.handNote = note.value)
  dialog.showModal()
}

function drawHand(card) {
  const { handing } = card
  const dialog = card.root.querySelector("dialog.hand")
  const known = card.colleagues
  dialog.querySelector(".which").textContent = t("Comment {id} · {lane}. Nothing is decided; it comes first in their queue, and back to everybody after {hours} hours.", {
    id: handing.id, lane: t(LANE_NAMES[handing.lane]), hours: Math.round(card.holdSeconds / 3600),
  })
  const select = dialog.querySelector("select")
  const before = select.value
  select.replaceChildren(...(known || []).map((name) => new Option(visibleText(name), name)))
  if (known && known.includes(before)) select.value = before
  dialog.querySelector(".nobody").hidden = !known || known.length > 0
  dialog.querySelector("[data-act=give]").disabled = !known || !known.length
  const note = dialog.querySelector("textarea")
  note.disabled = handing.blind
  note.placeholder = handing.blind ? t("Blind: a note could say what you think of it") : t("Why? They see it with the comment.")
  if (handing.blind) note.value = ""
}

function giveAway(card) {
  const dialog = card.root.querySelector("dialog.hand")
  const to = dialog.querySelector("select").value
  card.desk.give(card.handing, to, dialog.querySelector("textarea").value.trim() || null)
  card.tell(t("Handed over to {name}.", { name: visibleText(to) }))
  dialog.close()
}

function giveBack(card) {
  card.desk.giveBack(card.handing)
  card.tell(t("Back to the queue."))
  card.root.querySelector("dialog.hand").close()
}

// -- what one holds -----------------------------------------------------------------------------------------------------

function openHeld(card) {
  const dialog = card.root.querySelector("dialog.held")
  if (dialog.open) return dialog.close()
  drawHeldList(card)
  dialog.showModal()
}

function drawHeldList(card) {
  const dialog = card.root.querySelector("dialog.held")
  const rows = card.desk.held.map((item) => {
    const row = element("li")
    const left = (item.until - performance.now()) / 1000
    const head = element("div", "", "heldhead")
    head.append(element("b", "#" + item.id), element("span", t(LANE_NAMES[item.lane])),
      element("span", t("held for {time}, back in the queue in {left}", { time: spanWords(card.holdSeconds - left), left: spanWords(left) })))
    row.append(head, heldText(card, item))
    for (const [act, words] of [["take", t("Take it up")], ["handheld", t("Hand over")]]) {
      const button = element("button", words)
      Object.assign(button.dataset, { act, index: item.id }) // by number: the list may change under an open dialog
      button.type = "button"
      row.append(button)
    }
    return row
  })
  dialog.querySelector("ul").replaceChildren(...rows)
  dialog.querySelector(".none").hidden = rows.length > 0
}

const heldOf = (card, id) => card.desk.held.find((item) => item.id === id)

function takeUpHeld(card, id) {
  const item = heldOf(card, id)
  if (!item) return heldIsGone(card)
  card.root.querySelector("dialog.held").close()
  card.takeUp(item)
}

// It went back to everybody while the list was open.
function heldIsGone(card) {
  drawHeldList(card)
  card.tell(t("You do not hold that one any more."))
}

function heldText(card, item) {
  const body = element("div", "", "remark")
  body.dir = "auto"
  if (maskNow(item, card.settings) !== "open") body.textContent = t("Masked until it is on the screen.")
  else drawText(body, item.text.length > 160 ? item.text.slice(0, 160) + " …" : item.text, [], card.view.titles)
  return body
}

function spanWords(seconds) {
  if (seconds < 90) return t("a minute")
  if (seconds < 5400) return t("{many} min", { many: Math.round(seconds / 60) })
  return t("{many} h", { many: Math.round(seconds / 3600) })
}
