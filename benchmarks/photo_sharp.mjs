// Renders each photo named on standard input; answers with the CPU seconds it took.
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

async function render(path) {
  const { data, info } = await sharp(path)
    .rotate()
    .resize(1080)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  for (const width of [150, 320, 640, 1080]) {
    await sharp(data, { raw }).resize(width).webp({ quality: 80, effort: 2 }).toBuffer();
  }
  await sharp(data, { raw }).jpeg({ quality: 75, progressive: true }).toBuffer();
}

for await (const path of createInterface({ input: process.stdin })) {
  const start = process.cpuUsage();
  await render(path);
  const { user, system } = process.cpuUsage(start);
  console.log((user + system) / 1e6);
}
