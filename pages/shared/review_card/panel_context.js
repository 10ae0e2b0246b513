// Panel: the thread above and below the comment, its replies, its author's last comments. Unfolded by a key; what it
// shows is asked for only then, and more of it by its buttons.

const AROUND_PARTS = ["earlier", "later", "replies", "author"]
const FATE_WORDS = {
  removed: later("removed"), approved: later("approved"), waiting: later("waiting"),
  "let through": later("let through, not reviewed"), "no outcome yet": later("no outcome yet"),
  "outcome hidden": later("outcome hidden"),
}

const contextPanel = {
  name: "context",
  act: "context",

  draw(box, item, card) {
    drawOriginal(item, card)
    if (!item.context && !item.choice.context) return
    if (item.context) box.append(foldButton(this.act, item.choice.context,
      item.choice.context ? t("Hide thread and author") : t("Show thread and author")))
    if (!item.choice.context) return
    if (!item.context) return box.append(element("p", t("Nothing around it is known: no thread, no author.")))
    const version = [LANGUAGE, item.aroundVersion, item.aroundTrouble, card.settings.maskAll, rowsAround(item).map((row) => stepNow(besideOf(row), card.settings))].join()
    if (!item.aroundShown || item.aroundShown.version !== version) item.aroundShown = { version, made: makeAround(item, card) }
    const { made } = item.aroundShown
    box.append(made)
    made.scrollTop = item.choice.aroundTop ?? placeOfHere(made)
    const reveal = card.view.button("reveal")
    reveal.disabled = reveal.disabled && !severeAround(item, card.settings).length
  },
}

function makeAround(item, card) {
  const made = element("div", "", "around")
  made.tabIndex = 0
  made.setAttribute("role", "region")
  made.setAttribute("aria-label", t("Thread and author"))
  made.addEventListener("scroll", () => (item.choice.aroundTop = made.scrollTop), { passive: true })
  const around = item.around
  if (!around) {
    made.append(element("p", item.aroundTrouble || t("Loading …")))
    return made
  }
  if (item.aroundTrouble) made.append(element("p", item.aroundTrouble))
  made.append(...threadOf(item, around, card), ...repliesOf(item, around, card), ...authorOf(item, around, card))
  if (item.blind) made.append(element("p", t("Outcomes stay hidden: only your own reading counts."), "legend"))
  return made
}

// Where to scroll so that the comment's own place is in view, with what stands above it.
function placeOfHere(made) {
  const here = made.querySelector(".here")
  return here ? Math.max(0, here.offsetTop - 0.65 * made.clientHeight) : 0
}

function threadOf(item, { parent, pages }, card) {
  const { earlier, later } = pages
  const apart = parent && !earlier.rows.some((row) => row.id === parent.id)
  const made = []
  if (apart) made.push(element("h3", t("In reply to")), listOf([rowOf(item, parent, card)]))
  if (!earlier.rows.length && !later.rows.length) return made
  const here = element("li", t("This comment stands here"), "here")
  made.push(element("h3", t("Thread")), ...moreOf("earlier", earlier, t("Show earlier ones")))
  made.push(listOf([
    ...earlier.rows.map((row) => rowOf(item, row, card, parent && row.id === parent.id ? t("answered by this one") : "")),
    here,
    ...later.rows.map((row) => rowOf(item, row, card, pages.replies.rows.some((one) => one.id === row.id) ? t("answers this one") : "")),
  ]), ...moreOf("later", later, t("Show later ones")))
  return made
}

function repliesOf(item, { pages }, card) {
  const { replies, later } = pages
  const rows = replies.rows.filter((row) => !later.rows.some((one) => one.id === row.id))
  if (!rows.length && !replies.more) return []
  const list = rows.length ? [element("h3", t("Replies further on")), listOf(rows.map((row) => rowOf(item, row, card)))] : []
  return [...list, ...moreOf("replies", replies, t("Show more replies"))]
}

function authorOf(item, { pages, counts }, card) {
  if (!counts) return []
  const made = [element("h3", t("By the same author")), element("p", countsOf(counts), "counts")]
  if (pages.author.rows.length) made.push(listOf(pages.author.rows.map((row) => rowOf(item, row, card, "", false))))
  return [...made, ...moreOf("author", pages.author, t("Show older ones"))]
}

function countsOf({ comments, removed, days, all }) {
  const many = count.format(comments)
  const wrote = all ? tn("Last {days} days: {many} comment", "Last {days} days: {many} comments", comments, { many, days })
    : t("Last {days} days: {many} comments or more", { many, days })
  if (removed === null || !comments) return wrote
  const gone = count.format(removed)
  return `${wrote}, ${all ? t("{gone} removed", { gone }) : t("{gone} of the newest {many} removed", { gone, many })}`
}

function moreOf(part, page, words) {
  if (!page.more) return []
  const made = element("button", page.asked ? t("Loading …") : words, "quiet more")
  made.type = "button"
  made.dataset.act = "more"
  made.dataset.index = AROUND_PARTS.indexOf(part)
  return [made]
}

function rowOf(item, row, card, mark = "", named = true) {
  const made = element("li")
  const head = element("div", "", "who")
  if (named && row.author) {
    const who = element("b")
    appendVisible(who, Array.from(row.author))
    head.append(who)
  }
  if (row.fate) head.append(fateOf(row, card))
  if (mark) head.append(element("span", mark))
  if (row.written) head.append(element("span", dayWords(row.written)))
  const body = element("div", "", "remark")
  body.dir = "auto"
  noteAround(row, card)
  if (isMaskedAround(row, card.settings)) veil(body, row, card)
  else drawText(body, row.text, [], card.view.titles)
  made.append(head, body)
  return made
}

function fateOf(row, card) {
  const labels = (row.labels || []).map((index) => card.view.titles[index]).join(", ")
  const made = element("span", t(FATE_WORDS[row.fate] || row.fate) + (labels ? ": " + labels : ""), "fate")
  made.dataset.fate = row.fate
  return made
}

function veil(body, row, card) {
  const words = maskNow(besideOf(row), card.settings) === "words"
  const button = element("button", t("Reveal"), "quiet")
  button.type = "button"
  button.dataset.act = "unveil"
  button.dataset.index = row.id
  if (words) drawCovered(body, row.text, coversOf(besideOf(row)))
  else body.append(blocks(row.text, t("Masked text")))
  body.append(" ", button)
}

// -- masks: what V shows, after the comment itself ----------------------------------------------------------------

const isMaskedAround = (row, settings) => maskNow(besideOf(row), settings) !== "open"

// The audit trail hears of a severe text that is shown, once.
function noteAround(row, card) {
  if (!row.severe || row.noted || maskNow(besideOf(row), card.settings) === "whole") return
  row.noted = card.sent.dirty = true
  card.desk.reveals.add(row.id)
}

function rowsAround(item) {
  if (!item.around) return []
  return [item.around.parent, ...AROUND_PARTS.flatMap((part) => item.around.pages[part].rows)].filter(Boolean)
}

const severeAround = (item, settings) => rowsAround(item).filter((row) => maskSteps(besideOf(row), settings).length > 1)

// Shows what is masked around the comment, once that itself is open; masks it again the next time. True: that was it.
function revealAround(item, card) {
  const canMask = maskSteps(item, card.settings).length > 1
  if (!item.choice.context || stepNow(item, card.settings) !== "open") return false
  const masked = severeAround(item, card.settings).filter((row) => isMaskedAround(row, card.settings))
  for (const row of masked) unveil(item, row.id, card)
  if (masked.length) return true
  const rows = rowsAround(item).map(besideOf)
  const shown = rows.some((row) => row.choice.step)
  for (const row of rows) row.choice.step = null
  return shown && !canMask
}

function unveil(item, id, card) {
  for (const row of rowsAround(item).filter((one) => one.id === id)) besideOf(row).choice.step = nextStep(besideOf(row), card.settings)
}

// -- the server ---------------------------------------------------------------------------------------------------

// What is to be asked about the comment on the screen: [{item, part, from}]; part null is the beginning of everything.
function contextAsks(item) {
  if (!item || !item.choice.context || !item.context || item.aroundTrouble) return []
  if (!item.around) return [{ item: item.id, part: null, from: null }]
  return AROUND_PARTS.filter((part) => item.around.pages[part].asked)
    .map((part) => ({ item: item.id, part, from: furthest(part, item.around.pages[part]) }))
}

const furthest = (part, page) => (part === "earlier" ? page.rows[0] : page.rows.at(-1)).id

// Takes in what the server says of it. True: the comment on the screen must be drawn again.
function contextsTold(desk, told) {
  for (const one of told || []) {
    const item = desk.queue.find((other) => other.id === one.item)
    if (item) takeAround(item, one)
  }
  return Boolean(desk.item && (told || []).some((one) => one.item === desk.item.id))
}

function takeAround(item, told) {
  item.aroundVersion = (item.aroundVersion || 0) + 1
  if (told.problem) item.aroundTrouble = told.problem
  else if (!told.part) item.around = item.around || { parent: told.parent, pages: told.pages, counts: told.counts }
  else if (item.around && told.from === furthest(told.part, item.around.pages[told.part])) {
    const page = item.around.pages[told.part]
    page.rows = told.part === "earlier" ? [...told.page.rows, ...page.rows] : [...page.rows, ...told.page.rows]
    page.more = told.page.more
    page.asked = false
  }
}

function askMore(item, part, card) {
  if (!item.around) return
  item.around.pages[part].asked = true
  item.aroundVersion += 1
  card.sent.dirty = true
}

// -- the original -------------------------------------------------------------------------------------------------

function drawOriginal(item, card) {
  const place = card.view.q(".original")
  const safe = typeof item.link === "string" && /^https?:\/\//i.test(item.link)
  place.hidden = !safe
  if (safe) place.href = item.link
  else place.removeAttribute("href")
}

function openOriginal(card) {
  const place = card.view.q(".original")
  if (place.hidden) card.view.say(t("There is no link to its original."))
  else place.click()
}
