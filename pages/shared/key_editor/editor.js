// Choosing keys. Every change is told to the server at once; the table shown is the one that the card goes by.

const LAYOUT_WORDS = {
  default: later("As printed beside the buttons"), left: later("Left hand: digits, Q to B and Space"), right: later("Right hand: the numeric pad"),
}

class KeyEditor {
  constructor(root, data) {
    this.root = root
    this.q = (selector) => root.querySelector(selector)
    this.waits = null // the act that waits for a key
    this.handler = (event) => this.press(event)
    document.addEventListener("keydown", this.handler, true)
    root.addEventListener("click", (event) => this.click(event))
    root.addEventListener("change", (event) => event.target.name === "layout" && this.choose({ layout: event.target.value, own: {} }, t("Changed.")))
    this.hear(data)
  }

  end() {
    document.removeEventListener("keydown", this.handler, true)
  }

  hear(data) {
    speak(data)
    this.labels = data.labels
    this.chosen = { ...keyChoice(data.keys) }
    this.draw()
  }

  choose(chosen, words) {
    this.chosen = chosen
    this.waits = null
    this.emit("chosen", chosen)
    this.draw()
    this.say(words)
  }

  click(event) {
    const button = event.target.closest("button")
    if (!button) return
    if (button.classList.contains("reset")) return this.choose({ ...this.chosen, own: {} }, t("Back to the layout's keys."))
    const act = button.dataset.act
    if (button.classList.contains("bind")) {
      this.waits = this.waits === act ? null : act
      this.draw()
      this.say(this.waits ? t("Press a key for “{act}”. Esc leaves it.", { act: this.nameOf(act) }) : "")
      this.q(`.bind[data-act="${act}"]`).focus()
    } else {
      const own = { ...this.chosen.own }
      delete own[act]
      this.choose({ ...this.chosen, own }, t("Back to the layout's key."))
    }
  }

  press(event) {
    if (!this.waits || event.isComposing) return
    if (event.key === "Tab") {
      this.waits = null
      return this.draw()
    }
    event.preventDefault()
    event.stopPropagation()
    if (event.repeat) return
    if (event.key === "Escape") {
      const act = this.waits
      this.waits = null
      this.draw()
      this.q(`.bind[data-act="${act}"]`).focus()
      return this.say(t("Nothing was changed."))
    }
    bindKeys(this.chosen)
    const { key, problem } = keyToBind(event)
    if (problem) return this.say(problem, true)
    const bound = boundKeys(this.chosen)
    const taken = Object.keys(bound).find((act) => bound[act] === key && act !== this.waits)
    if (taken) return this.say(t("{key} is “{act}” already. Give that another key first, or press another one.", { key: keyName(key), act: this.nameOf(taken) }), true)
    const act = this.waits
    this.choose({ ...this.chosen, own: { ...this.chosen.own, [act]: key } }, t("{key} is “{act}” now.", { key: keyName(key), act: this.nameOf(act) }))
    this.q(`.bind[data-act="${act}"]`).focus()
  }

  nameOf(act) {
    const label = LABEL_DEFAULTS.findIndex((_key, index) => labelAct(index) === act)
    return label >= 0 ? t("Label: {label}", { label: this.labels[label] }) : t(ACTS.find((one) => one.act === act).help)
  }

  say(words, bad = false) {
    this.q(".said").textContent = words
    this.q(".said").dataset.bad = String(bad)
  }

  draw() {
    this.q("legend").textContent = t("Layout")
    this.q(".what").textContent = t("What it does")
    this.q(".which").textContent = t("Key")
    this.q(".reset").textContent = t("Take back all keys of my own")
    this.q(".reset").disabled = !Object.keys(this.chosen.own).length
    this.q(".choices").replaceChildren(...Object.entries(LAYOUT_WORDS).map(([name, words]) => this.layout(name, words)))
    const bound = boundKeys(this.chosen)
    this.q("tbody").replaceChildren(...keyActs().map(({ act }) => this.row(act, bound[act])))
  }

  layout(name, words) {
    const line = document.createElement("label")
    const input = document.createElement("input")
    Object.assign(input, { type: "radio", name: "layout", value: name, checked: this.chosen.layout === name })
    line.append(input, t(words))
    return line
  }

  row(act, key) {
    const row = document.createElement("tr")
    const [what, which, back] = ["td", "td", "td"].map((tag) => document.createElement(tag))
    what.textContent = this.nameOf(act)
    const bind = document.createElement("button")
    bind.type = "button"
    bind.className = "bind"
    bind.dataset.act = act
    bind.dataset.waits = String(this.waits === act)
    bind.dataset.own = String(act in this.chosen.own)
    bind.textContent = this.waits === act ? t("Press a key") : keyName(key) || t("none")
    bind.setAttribute("aria-label", t("{act}: {key}. Change it", { act: this.nameOf(act), key: bind.textContent }))
    which.append(bind)
    if (act in this.chosen.own) {
      const undo = document.createElement("button")
      undo.type = "button"
      undo.dataset.act = act
      undo.textContent = t("Take back")
      undo.setAttribute("aria-label", t("{act}: take back", { act: this.nameOf(act) }))
      back.append(undo)
    }
    row.append(what, which, back)
    return row
  }
}

const editors = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  let editor = editors.get(parentElement)
  if (editor) editor.hear(data)
  else editors.set(parentElement, (editor = new KeyEditor(parentElement, data)))
  editor.emit = setTriggerValue
  return () => {
    editor.end()
    editors.delete(parentElement)
  }
}
