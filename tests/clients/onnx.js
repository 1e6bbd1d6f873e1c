// onnx.js: ONNX Runtime as a reader of models.
//   open MODEL.onnx X.npy Y.npy: how far what it predicts of X is from Y; status 1 beyond 1e-5.
//   step MODEL.onnx X.npy Y.npy: the same step by step, with the states handed on; Y is the last step, or all of them.
'use strict';
const ort = require('onnxruntime-node');
const npy = require('./npy.js');

function tensor(array, shape) {
  return new ort.Tensor(array instanceof Int32Array ? 'int32' : 'float32', array, shape);
}

async function open(file, input, output) {
  const session = await ort.InferenceSession.create(file);
  const x = npy.read(input);
  const found = await session.run({ [session.inputNames[0]]: tensor(x.data, x.shape) });
  return npy.deviation(npy.read(output).data, found[session.outputNames[0]].data);
}

// States are called NAME and come out as NAME_next.
async function step(file, input, output) {
  const session = await ort.InferenceSession.create(file);
  const x = npy.read(input), [batch, steps, features] = x.shape;
  const states = {};
  for (const name of session.outputNames.slice(1)) states[name.replace(/_next$/, '')] = null;
  const last = [], each = [];
  for (let t = 0; t < steps; t++) {
    const now = new Float32Array(batch * features);
    for (let b = 0; b < batch; b++) now.set(x.data.subarray((b * steps + t) * features, (b * steps + t + 1) * features), b * features);
    const feeds = { [session.inputNames[0]]: tensor(now, [batch, 1, features]) };
    for (const name of Object.keys(states)) feeds[name] = states[name] || await zeros(session, name, batch);
    const found = await session.run(feeds);
    for (const name of Object.keys(states)) states[name] = found[`${name}_next`];
    last.splice(0, last.length, ...found[session.outputNames[0]].data);
    each.push(Array.from(last));
  }
  const y = npy.read(output), width = last.length / batch;
  if (y.data.length === last.length) return npy.deviation(y.data, last);
  const all = [];
  for (let b = 0; b < batch; b++) for (const one of each) all.push(...one.slice(b * width, (b + 1) * width));
  return npy.deviation(y.data, all);
}

function zeros(session, name, batch) {
  const about = session.inputMetadata.find((i) => i.name === name);
  const units = about.shape[2];
  return tensor(new Float32Array(batch * units), [1, batch, units]);
}

const [verb, ...words] = process.argv.slice(2);
(verb === 'open' ? open(...words) : step(...words)).then((far) => {
  console.log(far.toExponential(1));
  process.exit(far < 1e-5 ? 0 : 1);
});
