class Cspace < Formula
  desc "Disposable machine with a coding agent for every task"
  homepage "@HOMEPAGE@"
  license "MIT"

  on_macos do
    on_arm do
      url "@RELEASES@/download/v@VERSION@/cspace-darwin-arm64.tar.gz"
      sha256 "@SHA256_darwin-arm64@"
    end

    depends_on arch: :arm64
    depends_on macos: :tahoe
  end

  on_linux do
    on_arm do
      url "@RELEASES@/download/v@VERSION@/cspace-linux-arm64.tar.gz"
      sha256 "@SHA256_linux-arm64@"
    end

    on_intel do
      url "@RELEASES@/download/v@VERSION@/cspace-linux-x64.tar.gz"
      sha256 "@SHA256_linux-x64@"
    end
  end

  def install
    bin.install "cspace"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/cspace version")
  end
end
