/**
 * A new element. What is handed in as a child becomes text or stays an element: no string is ever read as HTML, so
 * whatever is in the name of a product or in an invoice is shown as it is.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else if (name in made && typeof value === 'boolean') made[name] = value
    else made.setAttribute(name, value)
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== false))
  return made
}

/** A field with its label; `input` are the properties of the input. */
export function field(label, input, hint) {
  const id = `field-${input.name}`
  const hintId = `${id}-hint`
  return element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label),
    element(input.rows ? 'textarea' : 'input', {
      id,
      ...input,
      ...(hint && { 'aria-describedby': hintId }),
    }),
    hint && element('p', { class: 'hint', id: hintId }, hint),
  )
}

/** A button that can be pressed once at a time; what fails is shown in `alert`, an element beside it. */
export function button(label, { act, alert, ...properties }) {
  const made = element('button', { type: 'button', ...properties }, label)
  made.addEventListener('click', () => once(made, alert, act))
  return made
}

/** A form whose `send` hears its values by name, once at a time. */
export function form({ submit, alert, send }, ...children) {
  const pressed = element('button', { type: 'submit', class: 'primary' }, submit)
  const made = element(
    'form',
    {},
    ...children,
    alert,
    element('div', { class: 'actions' }, pressed),
  )
  made.addEventListener('submit', (event) => {
    event.preventDefault()
    void once(pressed, alert, () => send(Object.fromEntries(new FormData(made))))
  })
  return made
}

/** A place for what went wrong, which screen readers hear. */
export function alertPlace() {
  return element('p', { class: 'alert', role: 'alert' })
}

async function once(pressed, alert, act) {
  if (pressed.getAttribute('aria-disabled') === 'true') return
  pressed.setAttribute('aria-disabled', 'true')
  alert?.replaceChildren()
  try {
    await act()
  } catch (error) {
    alert?.replaceChildren(error.message)
  } finally {
    pressed.removeAttribute('aria-disabled')
  }
}
