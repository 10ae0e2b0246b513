// Asking a lead about the comment on the screen, answering, and what became of one's questions.

const MEASURED = new Set(["second", "adjudication"]) // one's own judgement is what is wanted there

// What Q does here: "ask", "answer" (with words, or by deciding), "decide" (a blind one: no words may go back), or null.
function askingOf(item, card) {
  if (!item || MEASURED.has(item.lane)) return null
  if (!item.question) return "ask"
  const open = !item.question.answer && !item.question.mine && card.mayAnswer
  return open ? (item.blind ? "decide" : "answer") : null
}

function openAsking(item, card) {
  const does = askingOf(item, card)
  if (!does) {
    const words = MEASURED.has(item.lane)
      ? t("This one needs your own judgement: decide as you would, or pass it on.") : t("This question has its answer, or is for somebody else to answer.")
    card.view.say(words)
    card.desk.tellOnce(words)
    return
  }
  const form = card.view.q(".askform")
  const asker = item.question ? visibleText(item.question.by) : ""
  form.dataset.does = does
  form.querySelector(".askhint").textContent = does === "ask"
    ? t("A lead sees the comment and this question. Nothing is decided until then.")
    : does === "answer" ? t("{name} decides with your words, or you decide and they are told.", { name: asker })
      : t("Blind: words would sway {name}. Decide it yourself; they are told your words and what you decided.", { name: asker })
  form.querySelector("[data-act=send]").textContent = does === "ask" ? t("Ask") : t("Send back to {name}", { name: asker })
  form.querySelector("[data-act=send]").hidden = does === "decide"
  form.querySelector("[data-act=keep]").hidden = does === "ask"
  const input = form.querySelector("textarea")
  input.value = item.choice.words || ""
  input.setAttribute("aria-label", does === "ask" ? t("Your question") : t("Your answer"))
  input.placeholder = does === "ask" ? t("What do you want to know?") : t("What do you tell them?")
  form.hidden = false
  input.focus()
}

function askingKey(event, card) {
  if (event.key !== "Enter" && event.key !== "Escape") return
  if (event.key === "Enter" && event.shiftKey) return // a new line
  event.preventDefault()
  event.stopPropagation()
  if (event.key === "Escape") leaveAsking(card, true)
  else if (!event.repeat) card.act(card.view.q(".askform").dataset.does === "decide" ? "keep" : "send")
}

// What was typed stays with the comment, so that leaving loses nothing.
function leaveAsking(card, keeps) {
  const form = card.view.q(".askform")
  if (form.hidden) return
  if (card.desk.item && keeps) card.desk.item.choice.words = form.querySelector("textarea").value
  form.hidden = true
  card.root.querySelector(".card").focus({ preventScroll: true })
}

function sendWords(item, card) {
  const form = card.view.q(".askform")
  const words = form.querySelector("textarea").value.trim()
  if (form.hidden || !words) return
  const does = askingOf(item, card)
  if (does === "ask") card.desk.close("ask", { question: words })
  else if (does === "answer") card.desk.close("answer", { answer: words })
  else return
  form.hidden = true
  card.tell(does === "ask" ? t("Asked a lead.") : t("Answered."))
}

function keepWords(item, card) {
  item.choice.answer = card.view.q(".askform textarea").value.trim()
  leaveAsking(card, true)
}

// The question and the answer, above the text. People's words: drawn like remarks.
function drawQuestion(box, item, card) {
  const { question } = item
  const own = item.choice.answer
  box.hidden = !question
  box.replaceChildren()
  if (!question) return
  const asked = t("{name} asks ({when}):", { name: visibleText(question.by), when: since(question.at) })
  box.append(said(question.mine ? t("You asked ({when}):", { when: since(question.at) }) : asked, question.text, card))
  if (question.answer) box.append(said(t("{name} answers:", { name: visibleText(question.answeredBy) }), question.answer, card))
  if (own) box.append(said(t("Your answer, sent with your decision:"), own, card))
}

function said(who, words, card) {
  const row = element("li")
  row.append(element("b", who + " "))
  const body = element("span", "", "remark")
  body.dir = "auto"
  drawText(body, words || t("(erased)"), [], card.view.titles)
  row.append(body)
  return row
}

// What became of one's questions that somebody else decided.
function drawNews(box, card) {
  if (isNews(box, card.desk.news)) box.replaceChildren(...card.desk.news.map((one) => newsRow(one, card)))
}

function newsRow(one, card) {
  const row = element("div", "", "notice")
  const told = element("ul")
  told.append(said(t("You asked about #{number}:", { number: one.comment }), one.question, card))
  if (one.answer) told.append(said(t("{name} answers:", { name: visibleText(one.answeredBy) }), one.answer, card))
  told.append(element("li", outcomeWords(one, card)))
  const close = element("button", t("Dismiss"), "quiet")
  close.type = "button"
  close.dataset.act = "told"
  close.dataset.index = one.id
  row.append(told, close)
  return row
}

function outcomeWords(one, card) {
  const name = visibleText(one.decidedBy)
  const labels = one.labels.map((index) => card.view.titles[index]).join(", ") || t("no label")
  if (one.outcome === "approve") return t("{name} approved it: {labels}.", { name, labels })
  if (one.outcome === "remove") return t("{name} removed it: {labels}.", { name, labels })
  return t("{name} passed it on.", { name })
}

// In the strip: one's questions that nobody has answered yet.
function drawAsked(box, asked) {
  const words = asked && asked.many ? tn("Your question waits since {when}", "Your {many} questions wait since {when}", asked.many, { many: count.format(asked.many), when: since(asked.since) }) : ""
  setText(box, words)
  box.hidden = !words
}

function since(moment) {
  const at = new Date(moment)
  const today = at.toDateString() === new Date().toDateString()
  return today ? at.toLocaleTimeString(dateLocale(), { hour: "2-digit", minute: "2-digit" }) : at.toLocaleDateString(dateLocale(), { day: "numeric", month: "short" })
}
