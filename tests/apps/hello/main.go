// A web server as small apps are: each request takes some memory and reads a template from disk,
// so it feels it when its container runs out of memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	templateFile = "/srv/index.html"
	workBytes    = 1 << 20
	pageBytes    = 4096
)

type page struct {
	Pod    string
	Number int64
	KiB    int
}

// work takes fresh memory and writes to each page of it, as parsing or rendering would.
func work() int {
	buffer := make([]byte, workBytes)
	for at := 0; at < len(buffer); at += pageBytes {
		buffer[at] = 1
	}
	return len(buffer)
}

func hello(pod string) http.HandlerFunc {
	var requests atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		bytes := work()
		parsed, err := template.ParseFiles(templateFile)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		parsed.Execute(w, page{Pod: pod, Number: requests.Add(1), KiB: bytes >> 10})
	}
}

func main() {
	pod, _ := os.Hostname()
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", hello(pod))
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Addr: ":8080", Handler: routes, ReadHeaderTimeout: 5 * time.Second}

	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ended.Done()
		server.Shutdown(context.Background())
	}()
	log.Println("listening on", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
