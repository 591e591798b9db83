/** One style sheet for screen, dark screen, phone and paper. No address in it: the page asks nobody for anything. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--wash:#f6f7f9;--line:#e1e5ea;--ink:#1b2026;--soft:#57616d;
--pass:#176c40;--warn:#855800;--inconclusive:#544fb0;--fail:#b3261e;--error:#8a1f63;--link:#1f5fc4;
--series-1:#2563c9;--series-2:#c2570c;--series-3:#0b7f74;--series-4:#7a4bc2}
@media(prefers-color-scheme:dark){:root{--paper:#13161a;--wash:#1a1e24;--line:#2b323b;--ink:#e7eaee;--soft:#a0abb8;
--pass:#52c98f;--warn:#e0b341;--inconclusive:#aaa5fa;--fail:#ff8578;--error:#f493d6;--link:#7fb0ff;
--series-1:#70a5ff;--series-2:#ff9f5f;--series-3:#4fd1c0;--series-4:#ba98f7}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:72rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
a{color:var(--link);text-underline-offset:.15em}
code{font:.9em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.25;margin:0;font-weight:650;letter-spacing:-.01em}
h1{font-size:2rem;overflow-wrap:anywhere}h2{font-size:1.25rem;margin:3rem 0 1rem}h3{font-size:1rem}
.over{margin:0 0 .35rem;color:var(--soft);font-size:.875rem}
.decision{display:flex;gap:.75rem;align-items:flex-start;margin:1.25rem 0 0;padding:1rem 1.125rem;border-radius:.625rem;border:1px solid;border-left-width:.375rem;font-size:1.125rem;font-weight:600;overflow-wrap:anywhere}
.decision svg{margin-top:.2rem}
.keys{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:1.25rem 2rem;margin:1.5rem 0 0}
.keys dt{color:var(--soft);font-size:.8125rem}.keys dd{margin:.125rem 0 0;overflow-wrap:anywhere}
.pass{color:var(--pass)}.warn{color:var(--warn)}.inconclusive{color:var(--inconclusive)}.fail{color:var(--fail)}.error{color:var(--error)}
.verdict{display:inline-flex;gap:.4em;align-items:baseline;font-weight:600;white-space:nowrap}
svg.icon{width:1.05em;height:1.05em;flex:none;align-self:center}
.findings{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.findings li{display:grid;grid-template-columns:8.5rem 1fr;gap:.25rem 1rem;padding:.875rem 0;border-bottom:1px solid var(--line);break-inside:avoid}
.findings .verdict{align-self:start}.findings p{margin:0;overflow-wrap:anywhere}.findings .where{color:var(--soft);font-size:.875rem}
.figures{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1.5rem;grid-auto-flow:dense}
figure{margin:0;padding:1.125rem 1.25rem;border:1px solid var(--line);border-radius:.625rem;break-inside:avoid;min-width:0}
figure.wide{grid-column:1/-1}figure.tall{grid-row:span 2}
figcaption{font-weight:600}figcaption small{display:block;font-weight:400;color:var(--soft);font-size:.8125rem;overflow-wrap:anywhere}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.5rem 0 .25rem;padding:0;font-size:.875rem;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:.5rem}
figure svg.chart{display:block;max-width:100%;height:auto;margin:.5rem auto 0;color:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow:visible}
svg.chart text{white-space:pre}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.625rem;margin:.75rem 0}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:.5rem .875rem;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--line)}
tr:last-child>*{border-bottom:0}
thead th{font-size:.8125rem;font-weight:600;color:var(--soft);background:var(--wash);white-space:nowrap}
tbody th{font-weight:400;min-width:9rem}tbody th code{overflow-wrap:break-word}.checks tbody th{min-width:16rem}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.interval{white-space:nowrap;font-variant-numeric:tabular-nums}td.interval small,.muted{color:var(--soft)}
svg.strip{display:inline-block;width:7.5rem;height:1.125rem;vertical-align:-.25rem;margin-right:.5rem;color:var(--soft)}
details{border:1px solid var(--line);border-radius:.625rem;margin:.75rem 0;padding:0 1.125rem}
figure .scroll{max-height:20rem;overflow:auto}figure details{border:0;margin:.5rem 0 0;padding:0;font-size:.875rem}
summary{cursor:pointer;padding:.75rem 0;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap;list-style:none}
figure summary{padding:.25rem 0;color:var(--soft)}
summary::-webkit-details-marker{display:none}
summary::before{content:"";width:.4em;height:.4em;border:solid var(--soft);border-width:0 .125em .125em 0;transform:rotate(-45deg);align-self:center;flex:none}
details[open]>summary::before{transform:rotate(45deg)}
summary h3{display:inline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:.25rem}
.depends{font-size:.875rem;color:var(--soft);overflow-wrap:anywhere}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
@media(max-width:46rem){main{padding:1.5rem 1rem 3rem}h1{font-size:1.625rem}.figures{grid-template-columns:minmax(0,1fr)}figure{padding:.875rem}figure svg.chart{font-size:15px}figure.wide{overflow-x:auto}figure.wide svg.chart{min-width:38rem;font-size:12px}.findings li{grid-template-columns:1fr}.scroll table{min-width:46rem}
.scroll table.stack{min-width:0;display:block}.stack thead{display:none}.stack tbody,.stack tr,.stack th,.stack td{display:block}
.stack tr{padding:.625rem .875rem;border-bottom:1px solid var(--line)}.stack tr:last-child{border-bottom:0}.stack tr>*{padding:.125rem 0;border:0;min-width:0;text-align:left;white-space:normal;overflow-wrap:anywhere}
.stack tbody th{font-weight:600}.stack td:empty{display:none}.stack td{position:relative;padding-left:7rem}.stack td::before{content:attr(data-name);position:absolute;left:0;width:6.5rem;color:var(--soft);font-size:.8125rem}}
@media print{:root{color-scheme:light;--paper:#fff;--wash:#f4f4f4;--line:#ccc;--ink:#000;--soft:#444;--pass:#176c40;--warn:#855800;--inconclusive:#544fb0;--fail:#b3261e;--error:#8a1f63;--link:#000;
--series-1:#2563c9;--series-2:#c2570c;--series-3:#0b7f74;--series-4:#7a4bc2}
main{max-width:none;padding:0}body{font-size:10.5pt}.scroll{overflow:visible}figure details{display:none}tr{break-inside:avoid}h2,summary{break-after:avoid}
details::details-content{content-visibility:visible;display:block;height:auto}summary::before{display:none}}
`.trim()
