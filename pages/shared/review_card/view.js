// Drawing the card. Reads the desk, changes nothing on it.

class View {
  constructor(root, titles, card) {
    this.root = root
    this.card = card
    this.q = (selector) => root.querySelector(selector)
    this.text = this.q(".text")
    this.buttons = titles.map((title, index) => this.labelButton(title, index))
    this.titles = titles
    this.q(".labels").replaceChildren(...this.buttons.map(guideRow))
    makePanels(this.q(".side"))
    this.drawKeys()
    this.drawn = null
  }

  drawKeys() {
    this.q(".help dl").replaceChildren(...keyHelp().flatMap(([key, what]) => [element("dt", key), element("dd", what)]))
    this.buttons.forEach((button, index) => (button.querySelector("kbd").textContent = keyName(LABEL_KEYS[index])))
    drawKeyHints(this.root)
  }

  labelButton(title, index) {
    const made = element("button")
    made.type = "button"
    made.className = "label"
    made.dataset.label = index
    const bar = element("span", "", "bar")
    bar.append(element("span", "", "fill"), element("span", "", "tick"))
    made.append(element("kbd"), element("span", title, "name"), bar, element("span", "", "score"))
    return made
  }

  // Everything about the comment on the screen.
  draw(desk, settings) {
    if (this.card.resting) return
    const item = desk.item
    this.root.querySelector(".card").dataset.state = item ? "item" : settings.loaded ? "empty" : "loading"
    this.q(".desk").hidden = !item && settings.loaded
    this.q(".empty").hidden = Boolean(item) || !settings.loaded
    if (item) this.drawItem(item, settings)
    else this.drawEmpty(desk, settings)
    this.drawHeld(desk)
  }

  drawItem(item, settings) {
    const lane = this.q(".lane")
    lane.textContent = laneName(item)
    lane.dataset.lane = item.lane
    this.q(".from").textContent = origin(item)
    this.q(".why").textContent = whyOf(item)
    drawQuestion(this.q(".asked"), item, this.card)
    this.q(".askword").textContent = askingOf(item, this.card) === "ask" || !item.question ? t("Ask a lead") : t("Answer")
    this.button("ask").disabled = !askingOf(item, this.card)
    this.drawOpinions(item)
    this.drawBody(item, settings)
    this.drawChoice(item, settings)
    this.q(".legend").textContent = item.scores ? t("Bar: score. Line: threshold for review.") : item.blind ? t("Scores hidden") : t("Not scored")
    drawPanels(this.q(".side"), item, this.card)
  }

  // What is to be decided between. Notes are people's text: drawn like remarks.
  drawOpinions(item) {
    const rows = item.opinions.map(([outcome, labels, note]) => {
      const row = element("li")
      const words = labels.map((index) => this.titles[index]).join(", ") || t("No label")
      row.append(element("b", outcome === "escalate" ? t("Passed on") : t(OUTCOME_NAMES[outcome])))
      if (outcome !== "escalate") row.append(element("span", words))
      if (!note) return row
      const body = element("span", "", "remark")
      body.dir = "auto"
      drawText(body, note, [], this.titles)
      row.append(body)
      return row
    })
    const box = this.q(".opinions.others")
    box.hidden = !rows.length
    box.replaceChildren(...rows)
  }

  drawBody(item, settings) {
    const [now, step] = [maskNow(item, settings), stepNow(item, settings)]
    const box = this.text
    box.replaceChildren()
    box.dataset.cid = String(item.id)
    box.classList.toggle("masked", now === "whole")
    box.setAttribute("aria-label", maskWords(now, step))
    if (now === "whole") box.append(blocks(item.text))
    else if (now === "words") drawCovered(box, item.text, coversOf(item))
    else this.drawOpen(item)
    if (this.drawn !== item) box.scrollTop = 0
    this.drawn = item
    const next = nextStep(item, settings)
    this.button("reveal").disabled = next === step
    this.q(".revealword").textContent = step === "open" && next !== step ? t("Mask") : next === "words" ? t("Show words") : t("Reveal")
  }

  drawOpen(item) {
    const long = item.text.length > FOLD_CHARS && !item.choice.unfolded
    drawText(this.text, long ? item.text.slice(0, FOLD_CHARS) : item.text, item.spans || [], this.titles)
    if (!long) return
    const more = element("button", t("Show all {many} characters", { many: count.format(item.text.length) }), "more")
    more.type = "button"
    more.dataset.act = "unfold"
    this.text.append(element("br"), more)
  }

  drawChoice(item) {
    const { labels, outcome, note } = item.choice
    this.buttons.forEach((button, index) => {
      button.setAttribute("aria-pressed", String(labels.includes(index)))
      this.drawScore(button, item, index)
    })
    const says = outcome || (labels.length ? "remove" : "approve")
    const primary = this.button("submit")
    primary.dataset.outcome = says
    this.q(".outcome").textContent = t(OUTCOME_NAMES[says])
    this.q(".other").textContent = says === "remove" ? t("Approve") : t("Remove")
    this.q(".says").textContent = labels.length ? labels.map((index) => this.titles[index]).join(", ") : t("No label")
    const line = this.q(".note")
    line.replaceChildren()
    if (note) appendVisible(line, Array.from(t("Note: {note}", { note })))
    const many = this.button("identical")
    many.disabled = item.blind || item.identical < 2
    this.q(".many").textContent = many.disabled ? t("Identical") : t("All {many} identical", { many: count.format(item.identical) })
  }

  drawScore(button, item, index) {
    button.classList.toggle("bare", !item.scores)
    if (!item.scores) {
      button.querySelector(".score").textContent = ""
      return
    }
    const [score, limit] = [item.scores[index], item.thresholds[index]]
    button.classList.toggle("over", score >= limit)
    button.querySelector(".fill").style.transform = `scaleX(${score})`
    button.querySelector(".tick").style.left = `${limit * 100}%`
    button.querySelector(".score").textContent = decimal(score, 2)
    button.title = t("Score {score}, threshold {limit}", { score: decimal(score, 3), limit: decimal(limit, 2) })
  }

  drawHeld(desk) {
    const many = desk.held.length
    for (const place of this.root.querySelectorAll(".heldcount")) place.textContent = many ? t("Held ({many})", { many }) : t("Held")
    for (const button of this.root.querySelectorAll("[data-act=resume], [data-act=held]")) button.disabled = !many
    this.q(".emptyacts [data-act=resume]").hidden = !many
  }

  drawEmpty(desk, settings) {
    const [title, reason] = (settings.elsewhere && emptyFocusWords(this.card)) || emptyWords(desk, settings.elsewhere, outsideWords(this.card))
    const nothing = Boolean(settings.elsewhere?.title) // no comment at all, or the practice's end
    this.q(".emptyacts [data-act=undo]").hidden = nothing && !desk.history.length
    this.q(".emptyacts [data-act=focus]").hidden = nothing || Boolean(desk.name)
    this.text.replaceChildren()
    delete this.text.dataset.cid
    this.drawn = null
    this.q(".empty h2").textContent = title
    this.q(".empty .reason").textContent = reason
  }

  // The page during a break. Nothing else of it is drawn until it ends.
  drawBreak(on) {
    this.root.querySelector(".card").dataset.state = on ? "break" : "loading"
    this.q(".pause").hidden = !on
    if (!on) return
    this.q(".desk").hidden = this.q(".empty").hidden = true
    this.text.replaceChildren()
    delete this.text.dataset.cid
    this.drawn = null
    this.say(t("A break. Any key goes on."))
    this.q(".pause button").focus({ preventScroll: true })
  }

  drawSuggestion(words) {
    const box = this.q(".suggest")
    if (this.suggested === words) return
    this.suggested = words
    box.hidden = !words
    setText(this.q(".suggestwords"), words)
  }

  drawCounts(desk, counts, seen) {
    const counted = LANES.filter((lane) => counts.waiting[lane] || ALWAYS_COUNTED.includes(lane))
    const lanes = counted.map((lane) => {
      const place = element("span", t(LANE_SHORT[lane]) + " ", "count")
      place.append(element("b", count.format(counts.waiting[lane])))
      return place
    })
    this.q(".waiting").replaceChildren(...lanes)
    const median = counts.median === null ? "–" : decimal(counts.median, 1) + " s"
    const done = element("span", t("Done today") + " ", "count")
    done.append(element("b", count.format(Math.max(0, counts.done + desk.uncounted))))
    const typical = element("span", t("Median") + " ", "count")
    typical.append(element("b", median))
    this.q(".today").replaceChildren(done, typical, ...(seen && seen.meter ? [meterOf(seen.meter)] : []))
  }

  drawSaved(desk, lost, trouble) {
    const many = desk.pending.length
    const box = this.q(".save")
    const off = trouble ? t("No database") : lost ? t("Not connected") : ""
    box.dataset.state = off ? "offline" : many ? "saving" : "saved"
    const rest = many ? ` · ${t("{many} kept here", { many })}` : ""
    setText(box, off ? `${off}${rest}` : many ? t("Saving {many}", { many }) : t("All saved"))
    box.title = off ? t("Your steps are kept in this browser and sent again by themselves") : ""
  }

  drawLease(item, left, warnFrom) {
    const box = this.q(".lease")
    const warn = item !== null && left < warnFrom
    box.dataset.warn = String(warn)
    const rest = `${Math.floor(Math.max(0, left) / 60)}:${String(Math.floor(Math.max(0, left) % 60)).padStart(2, "0")}`
    setText(box, !warn ? "" : left > 0 ? t("Yours for {rest} more. Any key keeps it.", { rest }) : t("Your claim has lapsed. Any key asks for it back."))
  }

  drawProblems(desk) {
    drawNews(this.q(".news"), this.card)
    const box = this.q(".problems")
    if (!isNews(box, desk.problems)) return
    box.replaceChildren(
      ...desk.problems.map((words, index) => {
        const row = element("div", words, "notice")
        const close = element("button", t("Dismiss"), "quiet")
        close.type = "button"
        close.dataset.act = "dismiss"
        close.dataset.index = index
        row.append(close)
        return row
      }),
    )
  }

  say(words) {
    this.q(".live").textContent = words
  }

  button(act) {
    return this.q(`[data-act=${act}]`)
  }
}

// Quiet: what the reader asked to see of their own day.
function meterOf({ severe, minutes }) {
  const place = element("span", t("Severe today") + " ", "count")
  place.append(element("b", count.format(severe)), ` · ${t("{many} min", { many: minutes })}`)
  return place
}
