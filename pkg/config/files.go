package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// refuseMissingFiles refuses a credentials_file that isn't there: the run would
// only find out at its first request. It opens none. No problem shows the path,
// which may come from a variable.
func refuseMissingFiles(p *problems, c *Config) {
	for i, s := range c.Stores {
		p.refuseMissing(fmt.Sprintf("stores[%d].credentials_file", i), s.CredentialsFile)
	}
	if c.Vault.S3 != nil {
		p.refuseMissing("vault.s3.credentials_file", c.Vault.S3.CredentialsFile)
	}
	if c.Vault.Work.S3 != nil {
		p.refuseMissing("vault.work.s3.credentials_file", c.Vault.Work.S3.CredentialsFile)
	}
}

func (p *problems) refuseMissing(path, file string) {
	if file == "" {
		return
	}
	_, err := os.Stat(file)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	if err != nil {
		p.add(p.lineOf(path), path, "names a file that can't be found (%v); write its path, relative to the config's folder, or remove the line to use the AWS SDK's own chain", err)
	}
}
