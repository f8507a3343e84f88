// Package deploy_test checks what an operator copies: that the manifests mean
// what they say to Kubernetes, that the policies give no right too many, and
// that the config in them is one that sweeper takes.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/schedule"
)

// manifests are the objects of cronjob.yaml, decoded strictly.
type manifests struct {
	cronJob  batchv1.CronJob
	configs  map[string]corev1.ConfigMap
	accounts map[string]corev1.ServiceAccount
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return text
}

func decode(t *testing.T) manifests {
	t.Helper()
	m := manifests{configs: map[string]corev1.ConfigMap{}, accounts: map[string]corev1.ServiceAccount{}}
	for document := range bytes.SplitSeq(read(t, "kubernetes/cronjob.yaml"), []byte("\n---\n")) {
		var kind metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal(document, &kind))
		switch kind.APIVersion + " " + kind.Kind {
		case "batch/v1 CronJob":
			require.Empty(t, m.cronJob.Name, "a second CronJob")
			require.NoError(t, yaml.UnmarshalStrict(document, &m.cronJob))
		case "v1 ConfigMap":
			var c corev1.ConfigMap
			require.NoError(t, yaml.UnmarshalStrict(document, &c))
			m.configs[c.Name] = c
		case "v1 ServiceAccount":
			var a corev1.ServiceAccount
			require.NoError(t, yaml.UnmarshalStrict(document, &a))
			m.accounts[a.Name] = a
		default:
			t.Fatalf("an object that no test knows: %s %s", kind.APIVersion, kind.Kind)
		}
	}
	return m
}

func container(t *testing.T, m manifests) (corev1.PodSpec, corev1.Container) {
	t.Helper()
	pod := m.cronJob.Spec.JobTemplate.Spec.Template.Spec
	require.Len(t, pod.Containers, 1)
	return pod, pod.Containers[0]
}

// must is the value of a field that has to be set.
func must[T any](t *testing.T, p *T) T {
	t.Helper()
	require.NotNil(t, p)
	return *p
}

func TestTheCronJobNeverOverlapsRetriesOrStartsTooLate(t *testing.T) {
	spec := decode(t).cronJob.Spec
	assert.Equal(t, batchv1.ForbidConcurrent, spec.ConcurrencyPolicy)
	assert.Equal(t, "Etc/UTC", must(t, spec.TimeZone))
	assert.EqualValues(t, 4*60*60, must(t, spec.StartingDeadlineSeconds))
	job := spec.JobTemplate.Spec
	assert.Zero(t, must(t, job.BackoffLimit), "exit 3 and 4 must not be tried again")
	assert.Equal(t, corev1.RestartPolicyNever, job.Template.Spec.RestartPolicy)
	deadline, grace := must(t, job.ActiveDeadlineSeconds), must(t, job.Template.Spec.TerminationGracePeriodSeconds)
	assert.GreaterOrEqual(t, grace, int64(120), "time to seal the report as interrupted")
	assert.Less(t, deadline+grace, int64(24*60*60), "over before the next slot")
}

func TestThePodHasNoRightThatItDoesNotNeed(t *testing.T) {
	m := decode(t)
	pod, c := container(t, m)
	assert.False(t, must(t, pod.AutomountServiceAccountToken))
	require.Contains(t, m.accounts, pod.ServiceAccountName)
	assert.False(t, must(t, m.accounts[pod.ServiceAccountName].AutomountServiceAccountToken))
	assert.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC)

	whole := must(t, pod.SecurityContext)
	assert.True(t, must(t, whole.RunAsNonRoot))
	assert.EqualValues(t, 65532, must(t, whole.RunAsUser))
	assert.EqualValues(t, 65532, must(t, whole.RunAsGroup))
	assert.EqualValues(t, 65532, must(t, whole.FSGroup))
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, must(t, whole.SeccompProfile).Type)

	own := must(t, c.SecurityContext)
	assert.True(t, must(t, own.ReadOnlyRootFilesystem))
	assert.False(t, must(t, own.AllowPrivilegeEscalation))
	assert.False(t, must(t, own.Privileged))
	capabilities := must(t, own.Capabilities)
	assert.Equal(t, []corev1.Capability{"ALL"}, capabilities.Drop)
	assert.Empty(t, capabilities.Add)

	assert.False(t, c.Resources.Requests.Memory().IsZero())
	assert.False(t, c.Resources.Requests.Cpu().IsZero())
	assert.False(t, c.Resources.Limits.Memory().IsZero())
	assert.NotRegexp(t, `(:latest|^[^:@]+)$`, c.Image, "a run must be traceable to a version")
}

func TestSecretsAreMountedReadOnlyForTheGroupAndNeverInTheEnvironment(t *testing.T) {
	pod, c := container(t, decode(t))
	secrets := map[string]bool{}
	for _, v := range pod.Volumes {
		if v.Secret != nil {
			secrets[v.Secret.SecretName] = true
			assert.EqualValues(t, 0o440, must(t, v.Secret.DefaultMode), v.Name)
		}
		found := slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name })
		assert.True(t, found, "volume %s is not mounted", v.Name)
	}
	assert.Equal(t, map[string]bool{"sweeper-keys": true, "sweeper-deleter": true, "sweeper-evidence": true}, secrets)
	for _, m := range c.VolumeMounts {
		assert.True(t, m.ReadOnly, m.MountPath)
		known := slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		assert.True(t, known, "mount %s has no volume", m.Name)
	}
	for _, e := range c.Env {
		assert.Equal(t, "SWEEPER_IDENTITY", e.Name)
	}
	assert.Empty(t, c.EnvFrom)
}

// loaded writes the ConfigMap's files as the pod sees them, and loads them.
func loaded(t *testing.T, m manifests) *config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "sweeper.yaml")
	require.NoError(t, os.WriteFile(path, []byte(m.configs["sweeper-config"].Data["sweeper.yaml"]), 0o600))
	c, err := config.LoadAnywhere(path)
	require.NoError(t, err)
	return c
}

func TestTheConfigAndTheRosterInTheManifestsAreOnesThatSweeperTakes(t *testing.T) {
	m := decode(t)
	c := loaded(t, m)
	require.Len(t, c.Stores, 1)
	require.NotNil(t, c.Vault.S3)
	require.NotNil(t, c.Vault.S3.Lock)
	assert.Equal(t, "compliance", c.Vault.S3.Lock.Mode)
	require.NotNil(t, c.Vault.Work.S3)
	assert.NotEqual(t, c.Stores[0].CredentialsFile, c.Vault.S3.CredentialsFile, "who deletes must not write the evidence")
	assert.Equal(t, c.Vault.S3.CredentialsFile, c.Vault.Work.S3.CredentialsFile)

	roster, err := config.ParseRoster("zdr-teams.yaml", []byte(m.configs["sweeper-roster"].Data["zdr-teams.yaml"]))
	require.NoError(t, err)
	assert.NotEmpty(t, roster.Teams)
}

func TestEachFileThatTheConfigNamesIsMounted(t *testing.T) {
	m := decode(t)
	c := loaded(t, m)
	_, box := container(t, m)
	root := filepath.Dir(c.Path)
	for _, file := range []string{c.ZDR.Roster, c.Signing.Key, c.Signing.Trust, c.Identifiers.SecretFile, c.Stores[0].CredentialsFile, c.Vault.S3.CredentialsFile} {
		inPod := "/etc/sweeper/" + strings.TrimPrefix(strings.TrimPrefix(file, root+"/"), "/etc/sweeper/")
		mounted := slices.ContainsFunc(box.VolumeMounts, func(v corev1.VolumeMount) bool { return strings.HasPrefix(inPod, v.MountPath+"/") })
		assert.True(t, mounted, inPod)
	}
	assert.True(t, slices.ContainsFunc(box.VolumeMounts, func(v corev1.VolumeMount) bool {
		return v.MountPath == "/etc/sweeper/sweeper.yaml" && v.SubPath == "sweeper.yaml"
	}))
	assert.Equal(t, []string{"run", "--slot", "auto", "--config", "/etc/sweeper/sweeper.yaml", "--log-format", "json"}, box.Args)
}

func TestTheConfigStatesTheScheduleThatTheCronJobAndTheTimerRunOn(t *testing.T) {
	m := decode(t)
	c := loaded(t, m)
	require.NotNil(t, c.Schedule)
	assert.Equal(t, m.cronJob.Spec.Schedule, c.Schedule.Cron)
	assert.Equal(t, must(t, m.cronJob.Spec.TimeZone), c.Schedule.Timezone)

	s, err := schedule.Parse(c.Schedule.Cron, c.Schedule.Timezone)
	require.NoError(t, err)
	when, err := time.Parse("*-*-* 15:04:05 MST", one(t, unit(t, "systemd/sweeper.timer")["Timer"], "OnCalendar"))
	require.NoError(t, err)
	next := s.Next(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))
	assert.Equal(t, next.Format(time.TimeOnly), when.Format(time.TimeOnly))
}

type statement struct {
	Sid, Effect      string
	Action, Resource texts
}

// texts is a list that may be written as a single string.
type texts []string

func (x *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*x = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(x))
}

func policy(t *testing.T, name string) map[string]statement {
	t.Helper()
	var p struct {
		Version   string
		Statement []statement
	}
	decoder := json.NewDecoder(bytes.NewReader(read(t, name)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&p))
	assert.Equal(t, "2012-10-17", p.Version)
	all := map[string]statement{}
	for _, s := range p.Statement {
		for _, action := range s.Action {
			assert.Regexp(t, `^s3:[A-Za-z]+$`, action, "no wildcard in an action")
		}
		for _, resource := range s.Resource {
			assert.Regexp(t, `^arn:aws:s3:::[a-z-]+(/\*)?$`, resource, "no wildcard but a bucket's keys")
		}
		assert.True(t, slices.IsSorted(s.Action), s.Sid)
		require.NotContains(t, all, s.Sid)
		all[s.Sid] = s
	}
	return all
}

func TestTheDeleterMayListAndDeleteAndCanNotReadAnObject(t *testing.T) {
	const bucket, keys = "arn:aws:s3:::api-exchanges", "arn:aws:s3:::api-exchanges/*"
	assert.Equal(t, map[string]statement{
		"SeeTheStore": {"SeeTheStore", "Allow", texts{"s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning",
			"s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"}, texts{bucket}},
		"DeleteFromTheStore": {"DeleteFromTheStore", "Allow", texts{"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion",
			"s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:ListMultipartUploadParts"}, texts{keys}},
		"NeverReadWriteOrUnlock": {"NeverReadWriteOrUnlock", "Deny", texts{"s3:BypassGovernanceRetention", "s3:GetObject",
			"s3:GetObjectVersion", "s3:PutBucketVersioning", "s3:PutObject"}, texts{bucket, keys}},
	}, policy(t, "iam/deleter.json"))
}

func TestTheEvidenceWriterMayAddToTheVaultAndNeverEraseThere(t *testing.T) {
	const vault, work = "arn:aws:s3:::sweeper-evidence", "arn:aws:s3:::sweeper-work"
	assert.Equal(t, map[string]statement{
		"SeeVaultAndWork": {"SeeVaultAndWork", "Allow", texts{"s3:GetBucketObjectLockConfiguration", "s3:ListBucket",
			"s3:ListBucketVersions"}, texts{vault, work}},
		"AddToTheVault": {"AddToTheVault", "Allow", texts{"s3:GetObject", "s3:GetObjectRetention", "s3:PutObject",
			"s3:PutObjectRetention"}, texts{vault + "/*"}},
		"NeverEraseOrUnlockEvidence": {"NeverEraseOrUnlockEvidence", "Deny", texts{"s3:BypassGovernanceRetention", "s3:DeleteObject",
			"s3:DeleteObjectVersion", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"},
			texts{vault, vault + "/*"}},
		"UseTheWorkArea": {"UseTheWorkArea", "Allow", texts{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject",
			"s3:PutObject"}, texts{work + "/*"}},
	}, policy(t, "iam/evidence-writer.json"))
}

func TestThePoliciesNameTheBucketsOfTheConfig(t *testing.T) {
	c := loaded(t, decode(t))
	assert.Equal(t, "api-exchanges", c.Stores[0].Bucket)
	assert.Equal(t, "sweeper-evidence", c.Vault.S3.Bucket)
	assert.Equal(t, "sweeper-work", c.Vault.Work.S3.Bucket)
}

// unit reads a systemd unit: the values of each key by section, in order.
func unit(t *testing.T, name string) map[string]map[string][]string {
	t.Helper()
	sections := map[string]map[string][]string{}
	section := ""
	for n, line := range strings.Split(string(read(t, name)), "\n") {
		switch key, value, found := strings.Cut(line, "="); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line, "[]")
			require.NotContains(t, sections, section)
			sections[section] = map[string][]string{}
		case found && section != "":
			require.Regexp(t, `^[A-Z][A-Za-z]+$`, key)
			sections[section][key] = append(sections[section][key], value)
		default:
			t.Fatalf("%s:%d: neither a section nor a setting: %q", name, n+1, line)
		}
	}
	return sections
}

// one is the value of a setting that has to be there once.
func one(t *testing.T, section map[string][]string, key string) string {
	t.Helper()
	require.Len(t, section[key], 1, key)
	return section[key][0]
}

func TestTheServiceIsHardenedAndAFailureIsAFailure(t *testing.T) {
	u := unit(t, "systemd/sweeper.service")
	require.ElementsMatch(t, []string{"Unit", "Service"}, keysOf(u), "the timer starts it, nothing else")
	service := u["Service"]
	for key, want := range map[string]string{
		"Type": "oneshot", "User": "sweeper", "Group": "sweeper", "UMask": "0077", "KillSignal": "SIGTERM",
		"ExecStart":      "/usr/local/bin/sweeper run --slot auto --config /etc/sweeper/sweeper.yaml --log-format json",
		"ProtectSystem":  "strict",
		"ReadWritePaths": "/var/lib/sweeper", "StateDirectory": "sweeper", "StateDirectoryMode": "0700",
		"ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "ProtectClock": "yes", "ProtectControlGroups": "yes",
		"ProtectHostname": "yes", "ProtectKernelLogs": "yes", "ProtectKernelModules": "yes", "ProtectKernelTunables": "yes",
		"NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "", "LockPersonality": "yes",
		"MemoryDenyWriteExecute": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces": "yes",
		"RestrictRealtime": "yes", "RestrictSUIDSGID": "yes", "SystemCallArchitectures": "native",
	} {
		assert.Equal(t, want, one(t, service, key), key)
	}
	assert.Equal(t, []string{"@system-service", "~@privileged"}, service["SystemCallFilter"])
	for _, key := range []string{"SuccessExitStatus", "Restart", "RestartForceExitStatus", "ExecStartPost"} {
		assert.NotContains(t, service, key, "a guard or a broken promise must not pass for success, nor be tried again")
	}
	for _, key := range []string{"TimeoutStartSec", "TimeoutStopSec", "EnvironmentFile"} {
		assert.NotEmpty(t, one(t, service, key), key)
	}
}

func TestTheTimerCatchesUpAMissedNight(t *testing.T) {
	u := unit(t, "systemd/sweeper.timer")
	assert.Equal(t, "true", one(t, u["Timer"], "Persistent"))
	assert.Equal(t, "sweeper.service", one(t, u["Timer"], "Unit"))
	assert.Equal(t, "timers.target", one(t, u["Install"], "WantedBy"))
	assert.True(t, strings.HasSuffix(one(t, u["Timer"], "OnCalendar"), " UTC"), "a slot must not depend on the machine's zone")
}

func keysOf[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}
