// What to press next and why, one thing at a time: for comments that come with hints.
// item.hints: [[what must have been done, words], ...]; the first whose act is still to be done is shown.

const HINTED_LABELS = { toxic: 0, severe: 1, obscene: 2, threat: 3, insult: 4, identity: 5 }
const NOT_PRACTISED = new Set(["focus", "widen", "hand", "held", "near", "ask", "send", "keep", "rest", "later"]) // they would reach beyond the practice
const SATISFIED = {
  label: (card, item) => item.choice.labels.length > 1,
  flip: (_card, item) => item.choice.outcome !== null,
  reveal: (card, item) => maskNow(item, card.settings) === "open",
  context: (_card, item) => item.choice.context,
  note: (_card, item) => Boolean(item.choice.note),
  resume: (card) => !card.desk.held.length,
}

function drawCoach(card, data) {
  if (data.title) setText(card.view.q(".strip h1"), data.title)
  if (!data.coach) return
  card.view.q(".coach").hidden = false
  for (const place of [".topractice", ".focusline", ...[...NOT_PRACTISED].map((act) => `[data-act=${act}]`)]) {
    for (const part of card.root.querySelectorAll(place)) part.hidden = true
  }
  setText(card.view.q(".coach .last"), data.coach.last)
  drawHint(card)
}

function drawHint(card) {
  const item = card.desk.item
  if (item && !item.hints) return
  const left = item ? item.hints.find(([need]) => !need || !(SATISFIED[need] || isUsed)(card, item, need)) : null
  setText(card.view.q(".coach .hint"), left ? filled(left[1], buttonNames(card)) : "")
}

const isUsed = (card, _item, need) => card.used.has(need)

// By act: the words on its button with its key, such as "Undo (Z)".
function buttonNames(card) {
  const names = {}
  const keyed = new Set(ACTS.map((one) => one.act))
  for (const button of card.root.querySelectorAll("[data-act]")) {
    if (!keyed.has(button.dataset.act)) continue
    const words = [...button.childNodes].filter((node) => node.nodeName !== "KBD").map((node) => node.textContent).join("").replace(/ *\(\d+\) *$/, "").trim()
    const key = keyName(keyOf(button.dataset.act))
    if (!names[button.dataset.act]) names[button.dataset.act] = key ? `${words} (${key})` : words
  }
  for (const [name, index] of Object.entries(HINTED_LABELS)) names[name] = `${card.view.titles[index]} (${keyName(LABEL_KEYS[index])})`
  return names
}
