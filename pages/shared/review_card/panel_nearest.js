// Panel: the nearest decided comments, unfolded by a key and then for every comment. Asked for only while it is unfolded.

const NEAR_OPEN = "moderato.near"
const NEAR_AHEAD = 3 // comments that are asked about before they are on the screen
const NEAR_TRIES = 20
const QUITE_ALIKE = 0.3 // these three as in core.nearest
const NEARLY_SAME = 0.6
const SAME = 0.995

const nearestPanel = {
  name: "nearest",
  act: "near",

  draw(box, item, card) {
    if (item.blind || !card.nearOn) return
    const open = card.settings.near
    box.append(foldButton(this.act, open, open ? t("Hide similar decided comments") : t("Show similar decided comments")))
    if (open && item.painted) box.append(nearBody(item, card))
    else if (open) afterPaint(() => card.desk.item === item && !box.querySelector(".near") && box.append(nearBody(item, card)))
  },
}

// The comment comes first: what is beside it follows in the next frame.
const afterPaint = (act) => requestAnimationFrame(() => setTimeout(act, 0))

// [comment, entry of the ledger up to which its answer holds; -1 for none or half of one], for the next sign of life.
function nearWanted(card) {
  if (!card.settings.near || !card.nearOn) return []
  const front = card.desk.queue.slice(0, NEAR_AHEAD).filter((item) => !item.blind)
  return front.filter((item, at) => wantsNear(item, at === 0)).map((item) => [item.id, isWhole(item) ? item.near.entry : -1])
}

const isWhole = (item) => Boolean(item.near && item.near.complete)

// On the screen it is asked again: what was decided since it was asked ahead counts too.
function wantsNear(item, onScreen) {
  if (!isWhole(item)) return (item.nearTries || 0) < NEAR_TRIES
  return onScreen && (item.nearAgain || 0) < 2
}

function nearAsked(card, wanted) {
  const asked = new Map(wanted)
  for (const item of card.desk.queue) {
    if (!asked.has(item.id)) continue
    if (isWhole(item)) item.nearAgain = (item.nearAgain || 0) + 1
    else item.nearTries = (item.nearTries || 0) + 1
  }
}

function takeNear(card, told) {
  card.nearOn = told !== null
  for (const item of card.desk.queue) {
    const found = told && told[item.id]
    if (found && !item.blind) item.near = found
  }
}

// Made once for what it shows: a key press puts the same list back.
function nearBody(item, card) {
  const looking = (item.nearTries || 0) < NEAR_TRIES
  const state = [LANGUAGE, item.near ? item.near.entry : looking, isWhole(item), card.settings.maskAll].join()
  if (item.nearShown && item.nearShown.state === state) return item.nearShown.body
  const body = element("div", "", "near")
  if (!item.near) body.append(element("p", looking ? t("Looking …") : t("No answer. Reload the page to try again.")))
  else drawNear(body, item, card)
  item.nearShown = { state, body }
  return body
}

function drawNear(body, item, card) {
  const rows = item.near.found.map((one, index) => nearRow(one, index, item, card))
  if (rows.length) body.append(listOf(rows))
  else body.append(element("p", t("Nothing like it was decided before.")))
  if (!item.near.complete) body.append(element("p", t("Earlier decisions are still being read."), "soft"))
}

function nearRow(one, index, item, card) {
  const row = element("li")
  const head = element("div", "", "nearhead")
  const words = one.labels.map((label) => card.view.titles[label]).join(", ")
  head.append(element("b", one.outcome === "remove" ? t("Removed") : t("Approved")), element("span", words), element("span", likeWords(one.like), "soft"))
  head.lastChild.title = t("{percent} % alike", { percent: Math.round(one.like * 100) })
  const text = element("div", "", "remark")
  text.dir = "auto"
  drawNearText(text, one, index, card)
  row.append(head, text)
  if (one.note) row.append(noteRow(one.note, card))
  row.append(nearFoot(one))
  return row
}

// As masked as the reader chose; the button takes the next step.
function drawNearText(text, one, index, card) {
  const now = maskNow(besideOf(one), card.settings)
  if (one.masked && now !== "whole") noteNear(one, card)
  if (now === "open") return drawText(text, one.text + (one.cut ? " …" : ""), [], card.view.titles)
  if (now === "words") drawCovered(text, one.text, coversOf(besideOf(one)))
  else text.append(blocks(one.text.slice(0, 80), t("Masked text")))
  const show = element("button", t("Show the text"), "quiet")
  show.type = "button"
  show.dataset.act = "shownear"
  show.dataset.index = index
  text.append(" ", show)
}

function noteRow(words, card) {
  const row = element("div", t("Note:") + " ", "soft")
  const note = element("span", "", "remark")
  note.dir = "auto"
  drawText(note, words, [], card.view.titles)
  row.append(note)
  return row
}

function nearFoot(one) {
  const row = element("div", "", "soft nearfoot")
  const who = element("span")
  if (one.who.name) appendVisible(who, Array.from(one.who.name))
  else who.textContent = { you: t("You"), program: t("A program") }[one.who.kind] || t("A colleague")
  const day = dayWords(one.at)
  row.append(who, element("span", day))
  if (one.many > 1) row.append(element("span", t("{alike} of {many} with this text", { alike: count.format(one.alike), many: count.format(one.many) })))
  const link = element("a", "#" + one.id)
  link.href = "browse?q=%23" + one.id
  link.target = "_blank"
  link.rel = "noopener"
  link.title = t("Its history, in another tab")
  row.append(link)
  return row
}

function likeWords(like) {
  if (like >= SAME) return t("The same text")
  if (like >= NEARLY_SAME) return t("Nearly the same")
  return like >= QUITE_ALIKE ? t("Quite alike") : t("Somewhat alike")
}

function unfoldNear(card) {
  card.settings.near = !card.settings.near
  remember(NEAR_OPEN, card.desk.person, card.settings.near)
  card.sent.dirty = card.sent.dirty || card.settings.near
}

function revealNear(item, index, card) {
  const one = item.near.found[index]
  besideOf(one).choice.step = nextStep(besideOf(one), card.settings)
  item.nearShown = null
}

// The audit trail hears of a severe text once.
function noteNear(one, card) {
  if (!one.noted) card.desk.reveals.add(one.id)
  one.noted = true
}
