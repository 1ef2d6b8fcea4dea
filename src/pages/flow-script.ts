/**
 * The one script of `/flow`: it puts in place what the event stream brings, which is HTML that the server made. Without it
 * the page is whole, and shows what is new when it is loaded again.
 */
import { inlineScript } from '../http/page.ts'

export const liveScript = inlineScript(`(() => {
  const live = document.getElementById('live')
  const replace = (id, text) => {
    const element = document.getElementById(id)
    if (!element) return
    const open = [...element.querySelectorAll('li[id] > details[open]')].map(details => details.parentElement.id)
    element.outerHTML = text
    for (const id of open) document.getElementById(id)?.firstElementChild.setAttribute('open', '')
  }
  const source = new EventSource(live.dataset.events)
  source.onopen = () => { live.textContent = 'Live: what happens is drawn as it happens.' }
  source.onerror = () => { live.textContent = 'The server does not answer. Its flows are gone when it starts again.' }
  for (const id of ['flows', 'flow', 'flow-head']) source.addEventListener(id, event => replace(id, event.data))
  source.addEventListener('exchange', event => {
    const atEnd = innerHeight + scrollY > document.documentElement.scrollHeight - 200
    const list = document.getElementById('diagram')
    list.insertAdjacentHTML('beforeend', event.data)
    list.lastElementChild.classList.add('arrived')
    if (atEnd) list.lastElementChild.scrollIntoView({ block: 'nearest' })
  })
  source.addEventListener('moved', event => location.replace(event.data))
})()`)
