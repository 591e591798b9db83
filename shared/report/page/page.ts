import type {Evidence} from '#shared/evidence/evidence'
import {html} from '../inert.js'
import {runLink} from '../links.js'
import {count, ONE_SIDED} from '../numbers.js'
import {type Overview, overview, type ReportSource} from '../overview.js'
import {tooFew} from '../too-few.js'
import {bySeverity, phrases, reasonOf, shownId} from '../verdicts.js'
import {actionDetails, actionsTable} from './actions.js'
import {figuresOf} from './figures.js'
import {badge, icon} from './icons.js'
import {approvedKeys, championTable, planList} from './packet.js'
import {STYLE} from './style.js'
import {codeOf} from './tables.js'

const MOST_FINDINGS = 500
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** The report as one HTML file: no script, no request, light and dark, for screen and paper. Text from data is inert in it. */
export function renderPage(source: ReportSource): string {
  const view = overview(source)
  const evidence = view.rows.flatMap(row => row.evidence ?? [])
  const title = html(`${view.title}: ${view.decision}`, 300)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${head(view, source)}
${view.packet === undefined ? '' : section('Candidate against champion', championTable(evidence))}
${findings(evidence)}
${view.packet === undefined ? '' : section('Canary plan', planList(view.packet))}
${section('Actions', actionsTable(view.rows, source.run))}
${section('Figures', figuresOf(evidence))}
${section('Details', detailsOf(evidence))}
${foot(source)}
</main>
</body>
</html>
`
}

function section(title: string, body: string): string {
  return body === '' ? '' : `<section><h2>${title}</h2>\n${body}</section>`
}

function subjectKeys({packet, models, champion}: Overview): readonly (readonly [string, string])[] {
  if (packet !== undefined) return approvedKeys(packet)
  return [
    ...models.slice(0, 5).map(({name, digest}) => ['Model', `${codeOf(name, 120)} ${codeOf(digest.sha256.slice(0, 12))}`] as const),
    ...champion.map(phrase => ['Against the champion', html(phrase, 200)] as const)
  ]
}

function head(view: Overview, {run}: ReportSource): string {
  const keys = [
    ...subjectKeys(view),
    ...(view.rollout === undefined ? [] : [['Rollout', html(view.rollout, 100)]]),
    ['Checks', html(view.tally)]
  ]
  const pairs = keys.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')
  const looser =
    view.looser.length === 0
      ? ''
      : `<p class="decision warn">${icon('warn')}<span>Looser than the base: ${html(phrases(view.looser), 1000)}</span></p>\n`
  return `<header>
<p class="over">Model report · ${html(run.repository, 120)}</p>
<h1>${html(view.title, 120)}</h1>
<p class="decision ${view.mark}">${icon(view.mark)}<span>${html(view.decision, 500)}</span></p>
${looser}<dl class="keys">${pairs}</dl>
</header>`
}

function findings(evidence: readonly Evidence[]): string {
  const actionOf = new Map(evidence.flatMap(one => one.checks.map(check => [check, one.action.name])))
  const bad = bySeverity([...actionOf.keys()].filter(({verdict}) => verdict !== 'pass'))
  const items = bad.slice(0, MOST_FINDINGS).map(
    check => `<li>${badge(check.verdict)}<div><p>${codeOf(shownId(check), 200)} <span class="where">${html(actionOf.get(check) ?? '', 80)}</span></p>
<p>${html(reasonOf(check), 600)}</p></div></li>`
  )
  const more = bad.length > MOST_FINDINGS ? `<p class="muted">${count(bad.length - MOST_FINDINGS, 'more', 'more')} in the details.</p>` : ''
  const groups = evidence.flatMap(tooFew)
  const few = groups.length === 0 ? '' : `<p><strong>Too few to judge:</strong> ${groups.map(group => html(group, 160)).join('; ')}.</p>`
  return section('What did not pass', items.length === 0 ? few : `<ul class="findings">${items.join('\n')}</ul>${more}${few}`)
}

function detailsOf(evidence: readonly Evidence[]): string {
  const bounded = evidence.some(({checks}) => checks.some(({interval}) => interval !== undefined))
  return `${bounded ? `<p class="muted">${ONE_SIDED}</p>` : ''}${evidence.map(actionDetails).join('\n')}`
}

function foot({run}: ReportSource): string {
  const link = runLink(run, run)
  const name = `run ${html(run.runId, 40)}, attempt ${Number(run.attempt)}`
  const place = link === undefined ? name : `<a href="${html(link)}">${name}</a>`
  return `<footer>${html(run.workflow, 120)} · ${place} · commit ${codeOf(run.sha.slice(0, 12))} · ${html(run.ref, 120)} · ${html(run.finishedAt, 40)}</footer>`
}
