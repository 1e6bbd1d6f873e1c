// tfjs.js: TensorFlow.js as a reader and as a writer of models.
//   open MODEL.json X.npy Y.npy: how far what it predicts of X is from Y; status 1 beyond 1e-5.
//   make FOLDER: models of its own, each in FOLDER/NAME with model.json, its weights, input.npy and output.npy.
'use strict';
const fs = require('fs');
const path = require('path');
console.warn = () => {};
const log = console.log;
console.log = () => {};                 // what it says of itself
const tf = require('@tensorflow/tfjs');
console.log = log;
const npy = require('./npy.js');

function handler(file) {
  return { load: async () => {
    const json = JSON.parse(fs.readFileSync(file));
    const shards = json.weightsManifest.flatMap((g) => g.paths).map((p) => fs.readFileSync(path.join(path.dirname(file), p)));
    const bytes = Buffer.concat(shards);
    return { modelTopology: json.modelTopology, weightSpecs: json.weightsManifest.flatMap((g) => g.weights),
             weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) };
  } };
}

function saver(folder) {
  return { save: async (model) => {
    fs.writeFileSync(path.join(folder, 'weights.bin'), Buffer.from(model.weightData));
    fs.writeFileSync(path.join(folder, 'model.json'), JSON.stringify({
      modelTopology: model.modelTopology, format: 'layers-model', generatedBy: `TensorFlow.js ${tf.version.tfjs}`,
      weightsManifest: [{ paths: ['weights.bin'], weights: model.weightSpecs }] }));
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  } };
}

async function open(file, input, output) {
  const model = await tf.loadLayersModel(handler(file));
  const x = npy.read(input);
  const y = model.predict(tf.tensor(Array.from(x.data), x.shape, x.isInteger ? 'int32' : 'float32'));
  const far = npy.deviation(npy.read(output).data, await y.data());
  console.log(far.toExponential(1));
  return far < 1e-5 ? 0 : 1;
}

const L = tf.layers;
const models = {
  stacked: { shape: [9, 4], layers: () => [L.lstm({ units: 7, returnSequences: true, inputShape: [9, 4] }), L.dropout({ rate: 0.3 }),
                                            L.gru({ units: 5, resetAfter: false, goBackwards: true }), L.dense({ units: 3, activation: 'softmax' })] },
  bidirectional: { shape: [6, 3], layers: () => [
    L.bidirectional({ layer: L.lstm({ units: 4, returnSequences: true }), mergeMode: 'concat', inputShape: [6, 3] }),
    L.bidirectional({ layer: L.simpleRNN({ units: 3 }), mergeMode: 'sum' }), L.dense({ units: 2, activation: 'tanh' })] },
  masked: { shape: [8], ids: 12, layers: () => [L.embedding({ inputDim: 12, outputDim: 5, maskZero: true, inputLength: 8 }),
                                                 L.lstm({ units: 6, recurrentActivation: 'sigmoid' }), L.dense({ units: 4 })] },
  convolution: { shape: [12, 3], layers: () => [
    L.conv1d({ filters: 6, kernelSize: 3, activation: 'relu', padding: 'same', inputShape: [12, 3] }), L.batchNormalization({}),
    L.maxPooling1d({ poolSize: 2 }), L.gru({ units: 5, resetAfter: false }), L.dense({ units: 2, activation: 'sigmoid' })] },
};

// Layers that are called: states that are handed over, one layer twice, a sequence that two read.
function handed() {
  const x = tf.input({ shape: [9, 4] }), both = L.dense({ units: 4, activation: 'tanh' });
  const [seen, h, c] = L.lstm({ units: 5, returnSequences: true, returnState: true }).apply(both.apply(x));
  const said = L.lstm({ units: 5, returnSequences: true }).apply(both.apply(both.apply(x)), { initialState: [h, c] });
  const last = L.lstm({ units: 4 }).apply(L.concatenate().apply([seen, said]));
  return tf.model({ inputs: x, outputs: L.dense({ units: 3 }).apply(last) });
}
models.handed = { shape: [9, 4], model: handed };

// Numbers that are not those that it begins with: biases, moving averages.
function shake(model) {
  model.setWeights(model.weights.map((w) => {
    const count = w.shape.reduce((a, b) => a * b, 1);
    const low = w.originalName.includes('variance') ? 1.5 : 0;
    return tf.tensor(Array.from(npy.drawn(count)).map((v) => v * 0.4 + low), w.shape);
  }));
}

async function make(folder) {
  for (const [name, { shape, ids, layers, model: built }] of Object.entries(models)) {
    const to = path.join(folder, name), whole = [3, ...shape];
    fs.mkdirSync(to, { recursive: true });
    const model = built ? built() : tf.sequential({ layers: layers() });
    shake(model);
    await model.save(saver(to));
    const x = npy.drawn(whole.reduce((a, b) => a * b), ids);
    const y = model.predict(tf.tensor(Array.from(x), whole, ids ? 'int32' : 'float32'));
    npy.write(path.join(to, 'input.npy'), whole, x);
    npy.write(path.join(to, 'output.npy'), y.shape, await y.data());
    console.log(name);
  }
  return 0;
}

const [verb, ...words] = process.argv.slice(2);
(verb === 'open' ? open(...words) : make(...words)).then((status) => process.exit(status));
