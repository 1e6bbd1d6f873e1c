// npy.js: NumPy's arrays of float32 and int32, read, written and compared.
'use strict';
const fs = require('fs');

function read(path) {
  const file = fs.readFileSync(path);
  const length = file.readUInt16LE(8);
  const header = file.toString('latin1', 10, 10 + length);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((s) => s.trim()).map(Number);
  const type = /'descr': '([^']*)'/.exec(header)[1];
  const bytes = file.buffer.slice(file.byteOffset + 10 + length, file.byteOffset + file.length);
  const data = type === '<f4' ? new Float32Array(bytes) : type === '<f8' ? new Float64Array(bytes) : new Int32Array(bytes);
  return { shape, data, isInteger: type === '<i4' };
}

function write(path, shape, data) {
  const type = data instanceof Int32Array ? '<i4' : '<f4';
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  let header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  header = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const begin = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  fs.writeFileSync(path, Buffer.concat([begin, Buffer.from(header, 'latin1'),
                                        Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

// The largest deviation, over the largest number or 1; infinity if these are not as many.
function deviation(ours, theirs) {
  if (ours.length !== theirs.length) return Infinity;
  let most = 0, largest = 1;
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i] - theirs[i]);
    if (!(difference <= most)) most = difference;
    largest = Math.max(largest, Math.abs(theirs[i]));
  }
  return Number.isNaN(most) ? Infinity : most / largest;
}

// Numbers between -1 and 1, or ids below `ids`: always the same.
function drawn(count, ids) {
  const data = ids ? new Int32Array(count) : new Float32Array(count);
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    data[i] = ids ? (state >>> 8) % ids : (state >>> 8) / (1 << 23) - 1;
  }
  return data;
}

module.exports = { read, write, deviation, drawn };

if (require.main === module) {
  const [verb, ...words] = process.argv.slice(2);
  if (verb === 'draw') {                // draw FILE SHAPE [IDS]: 3x10x4
    const shape = words[1].split('x').map(Number);
    write(words[0], shape, drawn(shape.reduce((a, b) => a * b), Number(words[2] || 0)));
  } else {                              // compare OURS THEIRS
    const far = deviation(read(words[0]).data, read(words[1]).data);
    console.log(far.toExponential(1));
    process.exit(far < 1e-5 ? 0 : 1);
  }
}
