// Renders each photo named on standard input, as `WAY PATH`; answers with the CPU seconds it took.
// Ways: `once` derives all from one decoding, `each` decodes for each rendition anew, as sharp's
// documentation shows it, `keep` writes the large WebP beside the photo.
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const WIDTHS = [150, 320, 640, 1080];
const WEBP = { quality: 80, effort: 2 };
const JPEG = { quality: 75, progressive: true };

const upright = (path, width) => sharp(path).rotate().resize(width);

async function decodedOnce(path) {
  const { data, info } = await upright(path, 1080).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  for (const width of WIDTHS) {
    await sharp(data, { raw }).resize(width).webp(WEBP).toBuffer();
  }
  await sharp(data, { raw }).jpeg(JPEG).toBuffer();
}

async function decodedForEach(path) {
  for (const width of WIDTHS) {
    await upright(path, width).webp(WEBP).toBuffer();
  }
  await upright(path, 1080).jpeg(JPEG).toBuffer();
}

async function kept(path) {
  await writeFile(`${path}.webp`, await upright(path, 1080).webp(WEBP).toBuffer());
}

const WAYS = { once: decodedOnce, each: decodedForEach, keep: kept };

for await (const line of createInterface({ input: process.stdin })) {
  const [way, path] = line.split(/ (.*)/);
  const start = process.cpuUsage();
  await WAYS[way](path);
  const { user, system } = process.cpuUsage(start);
  console.log((user + system) / 1e6);
}
