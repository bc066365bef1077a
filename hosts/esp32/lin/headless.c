/*
 * Runs a program that mcconfig built for the SDK's Linux target (mc.so) without the
 * SDK's simulator window: loads it, gives it a screen that nobody looks at, and
 * drives GLib's main loop, where the SDK's sockets and timers live.
 *
 *   cc -Wall -Wextra -Werror -I$MODDABLE/build/simulators/modules -DmxLinux=1 \
 *      -o headless hosts/esp32/lin/headless.c $(pkg-config --cflags --libs glib-2.0) -ldl
 *   ./headless path/to/mc.so
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

enum { WIDTH = 16, HEIGHT = 16, IDLE_MS = 5 };

static GMainLoop* loop;
static int result;
static guint idle_source;

static gboolean idle(gpointer data)
{
	txScreen* screen = data;
	if (screen->idle)
		screen->idle(screen);
	return G_SOURCE_CONTINUE;
}

static void on_start(txScreen* screen, double interval)
{
	(void)interval;
	if (idle_source == 0)
		idle_source = g_timeout_add(IDLE_MS, idle, screen);
}

static void on_stop(txScreen* screen)
{
	(void)screen;
	if (idle_source != 0)
		g_source_remove(idle_source);
	idle_source = 0;
}

static void on_abort(txScreen* screen, int status)
{
	(void)screen;
	fprintf(stderr, "headless: the program aborted with status %d\n", status);
	result = 1;
	g_main_loop_quit(loop);
}

static void on_change(txScreen* screen)
{
	(void)screen;
}

static void on_post(txScreen* screen, char* buffer, int size)
{
	(void)screen;
	(void)buffer;
	(void)size;
}

int main(int argc, char** argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: headless path/to/mc.so\n");
		return 2;
	}
	void* program = dlopen(argv[1], RTLD_NOW);
	if (program == NULL) {
		fprintf(stderr, "headless: %s\n", dlerror());
		return 1;
	}
	txScreenLaunchProc launch;
	void* symbol = dlsym(program, "fxScreenLaunch");
	if (symbol == NULL) {
		fprintf(stderr, "headless: %s is no program of the SDK's Linux target\n", argv[1]);
		return 1;
	}
	memcpy(&launch, &symbol, sizeof(launch));

	txScreen* screen = calloc(1, sizeof(txScreen) + WIDTH * HEIGHT * screenBytesPerPixel);
	if (screen == NULL)
		return 1;
	screen->width = WIDTH;
	screen->height = HEIGHT;
	screen->abort = on_abort;
	screen->bufferChanged = on_change;
	screen->formatChanged = on_change;
	screen->post = on_post;
	screen->start = on_start;
	screen->stop = on_stop;
	mxCreateMutex(&screen->workersMutex);

	loop = g_main_loop_new(NULL, FALSE);
	launch(screen);
	if (screen->machine == NULL) {
		fprintf(stderr, "headless: the program's machine did not start\n");
		return 1;
	}
	g_main_loop_run(loop);
	return result;
}
