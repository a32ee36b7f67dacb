import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy allows files, not inline code
    chunkSizeWarningLimit: 4000, // the viewer
    sourcemap: false,
  },
});
