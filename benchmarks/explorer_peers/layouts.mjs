// One layout of one graph in a process of its own: `node layouts.mjs dagre < {"count", "edges"}`.
// Answers the milliseconds, by the clock and of all threads, and each node's centre, for the best of `runs`.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const WIDTH = 162;
const HEIGHT = 34;
const { count, edges, runs = 1, bundle } = JSON.parse(readFileSync(0, 'utf8'));

async function ours() {
  const { layout } = await import(pathToFileURL(bundle));
  return () => {
    const result = layout({
      count,
      edges: Int32Array.from(edges),
      weight: new Int32Array(edges.length / 2).fill(1),
      block: new Int32Array(count),
      blocks: 1,
      framed: new Uint8Array(1),
      width: new Float32Array(count).fill(WIDTH),
      height: new Float32Array(count).fill(HEIGHT),
      previous: null,
    });
    return Array.from(result.x, (x, i) => [x + WIDTH / 2, result.y[i] + HEIGHT / 2]);
  };
}

async function dagre() {
  const { default: library } = await import('@dagrejs/dagre');
  return () => {
    const graph = new library.graphlib.Graph();
    graph.setGraph({ rankdir: 'LR', nodesep: 10, ranksep: 28 });
    graph.setDefaultEdgeLabel(() => ({}));
    for (let i = 0; i < count; i++) graph.setNode(i, { width: WIDTH, height: HEIGHT });
    for (let e = 0; e < edges.length; e += 2) graph.setEdge(edges[e], edges[e + 1]);
    library.layout(graph);
    return Array.from({ length: count }, (_, i) => [graph.node(i).x, graph.node(i).y]);
  };
}

async function elk() {
  const { default: Elk } = await import('elkjs');
  return async () => {
    const children = Array.from({ length: count }, (_, i) => ({
      id: `n${i}`,
      width: WIDTH,
      height: HEIGHT,
    }));
    const links = [];
    for (let e = 0; e < edges.length; e += 2)
      links.push({ id: `e${e}`, sources: [`n${edges[e]}`], targets: [`n${edges[e + 1]}`] });
    const layoutOptions = { 'elk.algorithm': 'layered', 'elk.direction': 'RIGHT' };
    const done = await new Elk().layout({ id: 'root', layoutOptions, children, edges: links });
    return done.children.map(node => [node.x + WIDTH / 2, node.y + HEIGHT / 2]);
  };
}

const run = await { ours, dagre, elk }[process.argv[2]]();
let best = Infinity;
let cpu = Infinity;
let places = [];
for (let k = 0; k < runs; k++) {
  const start = performance.now();
  const before = process.cpuUsage();
  places = await run();
  const used = process.cpuUsage(before);
  best = Math.min(best, performance.now() - start);
  cpu = Math.min(cpu, (used.user + used.system) / 1000);
}
console.log(JSON.stringify({ ms: best, cpu, places }));
