// A watcher in the browser's own language: tells what a mind attends to, as it happens. It needs
// only `fetch`, which Node has too. A page that the service's own address serves can import it.
//
// THOUGHTSTREAM_TOKEN=ts_… node service/examples/watch.mjs http://localhost:8700 ana

/** The thoughts that win from now on, until the service ends. */
export async function* attended(address, mind, token) {
  for await (const { event, data } of events(`${address}/v1/events?${new URLSearchParams({ mind })}`, token))
    if (event === 'attended') yield JSON.parse(data);
}

/** Each event of a stream: {event, data}, and an `id` if it has one. */
async function* events(url, token) {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error((await response.json()).detail);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const whole = (text + read.value).split('\n\n');
    text = whole.pop();
    for (const lines of whole) yield Object.fromEntries(lines.split('\n').map(line => line.split(/: (.*)/s)));
  }
}

if (globalThis.process) {
  const [address, mind] = process.argv.slice(2);
  for await (const { window, score, content } of attended(address, mind, process.env.THOUGHTSTREAM_TOKEN))
    console.log(`${window} ${score.toFixed(2)}  ${content}`);
}
