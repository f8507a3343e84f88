package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// exchange is one call of a chat completion API: what was asked and answered.
type exchange struct {
	team, id, model  string
	at               time.Time
	question, answer string
}

func newExchange(random *rand.Rand, team string, at time.Time) exchange {
	models := []string{"example-small", "example-large"}
	return exchange{
		team:     team,
		id:       fmt.Sprintf("req-%016x", random.Uint64()),
		model:    models[random.IntN(len(models))],
		at:       at,
		question: prose(random, 5+random.IntN(20)) + "?",
		answer:   prose(random, 10+random.IntN(80)) + ".",
	}
}

// prose is text of the given number of words that says nothing about anyone.
func prose(random *rand.Rand, words int) string {
	vocabulary := strings.Fields("a tide turns and the harbour fills while small boats wait for wind or noon to carry them home")
	said := make([]string, words)
	for i := range said {
		said[i] = vocabulary[random.IntN(len(vocabulary))]
	}
	return strings.Join(said, " ")
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func (x exchange) request() []byte {
	return encode(struct {
		Model     string    `json:"model"`
		Messages  []message `json:"messages"`
		MaxTokens int       `json:"max_tokens"`
	}{x.model, []message{{"system", "You are a helpful assistant."}, {"user", x.question}}, 1024})
}

func (x exchange) response() []byte {
	type choice struct {
		Index        int     `json:"index"`
		Message      message `json:"message"`
		FinishReason string  `json:"finish_reason"`
	}
	type usage struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		TotalTokens      int `json:"total_tokens"`
	}
	asked, answered := len(strings.Fields(x.question)), len(strings.Fields(x.answer))
	return encode(struct {
		ID      string   `json:"id"`
		Object  string   `json:"object"`
		Created int64    `json:"created"`
		Model   string   `json:"model"`
		Choices []choice `json:"choices"`
		Usage   usage    `json:"usage"`
	}{
		"chatcmpl-" + x.id, "chat.completion", x.at.Unix(), x.model,
		[]choice{{0, message{"assistant", x.answer}, "stop"}},
		usage{asked, answered, asked + answered},
	})
}

// encode can't fail: it is given structs of strings and integers only.
func encode(v any) []byte {
	text, _ := json.Marshal(v)
	return append(text, '\n')
}
